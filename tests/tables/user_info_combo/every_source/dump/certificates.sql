id	user_id	download_url	grade	course_id	key	distinction	status	verify_uuid	download_uuid	name	created_date	modified_date	error_reason	mode
31	1	http://c/1	0.85	course-v1:MITx+6.00x+2013_Spring	k1	1	downloadable	v1	d1	Ann A.	2013-06-20 00:00:00	2013-06-21 00:00:00	none	verified
32	4			course-v1:MITx+6.00x+2013_Spring		0	notpassing			Dee	2013-06-20 00:00:00	2013-06-20 00:00:00		honor
