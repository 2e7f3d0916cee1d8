id	username	first_name	email	password	is_staff	last_login	date_joined
3	cy	C	cy@x.org		0	NULL	2012-03-01 00:00:00
1	ann	A	ann@x.org		1	2013-08-01 10:00:00.5	2012-01-01 00:00:00
2	bob	B	bob@x.org		0	2013-08-02 10:00:00	2012-02-01 00:00:00
5	eve	E	eve@x.org		0	NULL	2012-05-01 00:00:00
