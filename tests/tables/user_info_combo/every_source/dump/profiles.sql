id	user_id	name	language	location	meta	courseware	gender	mailing_address	year_of_birth	level_of_education	goals	allow_certificate	country	city
11	1	Ann A.	en	Rome	{"a": "\\u00e9"}	course.xml	f	Street 1\nTown	1980	m	learn	1	IT	Rome
12	2	Bob			NULL	course.xml	m		born	NULL		0	NULL	
