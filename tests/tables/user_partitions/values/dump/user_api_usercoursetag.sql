id	user_id	key	course_id	value
1	10	k1	course-v1:MITx+6.00x+2013_Spring	0
2	11	k1	course-v1:MITx+6.00x+2013_Spring	True
3	12	k2	course-v1:MITx+6.00x+2013_Spring	false
4	13	k2	course-v1:MITx+6.00x+2013_Spring	group a
5	14	k2	course-v1:MITx+6.00x+2013_Spring	NULL
