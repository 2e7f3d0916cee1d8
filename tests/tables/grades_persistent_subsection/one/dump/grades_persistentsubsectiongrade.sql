user_id	course_id	usage_key	earned_all	possible_all	earned_graded	possible_graded	first_attempted	created	modified
1	course-v1:MITx+6.00x+2013_Spring	block-v1:MITx+6.00x+2013_Spring+type@sequential+block@s1	1.5	2	0	0	2018-01-01 10:00:00	2018-01-01 00:00:00	2018-01-01 00:00:00
2	course-v1:MITx+6.00x+2013_Spring	block-v1:MITx+6.00x+2013_Spring+type@sequential+block@s1	0	2	0	0	NULL	NULL	NULL
