id	course_id	user_id	created	is_active	mode
21	course-v1:MITx+6.00x+2013_Spring	1	2012-12-01 00:00:00	1	verified
23	course-v1:MITx+6.00x+2013_Spring	2	2012-12-03 00:00:00	0	audit
22	course-v1:MITx+6.00x+2013_Spring	2	2012-12-02 00:00:00	1	honor
24	course-v1:MITx+8.01x+2013_Spring	5	2012-12-02 00:00:00	1	honor
