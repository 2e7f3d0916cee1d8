id	module_type	module_id	student_id	state	grade	created	modified	max_grade	done	course_id
9007199254740993	problem	block-v1:MITx+6.00x+2013_Spring+type@problem+block@p1	1	{"a": "\\u00e9 \\"x\\""}	2.5	2014-01-01 17:28:27	2014-01-01 17:28:27.123456	3	na	course-v1:MITx+6.00x+2013_Spring
2	problem	i4x://MITx/6.00x/problem/p2	2	NULL	NULL	0000-00-00 00:00:00	NULL	NULL	na	course-v1:MITx+6.00x+2013_Spring
3	course	course-v1:MITx+6.00x+2013_Spring	1	a\
b\	c	NULL	2014-01-01 00:00:00	2014-01-01 00:00:00	NULL	na	MITx/6.00x/2013_Spring
4	problem	x	1	{}					na	course-v1:MITx+6.00x+2T2014
x	problem	x	NULL	{}					na	course-v1:MITx+6.00x+2013_Spring
