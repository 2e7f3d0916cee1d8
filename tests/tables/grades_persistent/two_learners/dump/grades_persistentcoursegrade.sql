course_id	user_id	grading_policy_hash	percent_grade	letter_grade	passed_timestamp	created	modified
course-v1:MITx+6.00x+2013_Spring	1	h=	0.85	Pass	2018-01-02 03:04:05	2018-01-01 00:00:00	2018-01-03 00:00:00.5
course-v1:MITx+6.00x+2013_Spring	2	NULL	NULL			NULL	NULL
