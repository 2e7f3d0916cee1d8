course_id	user_id	name
course-v1:MITx+6.00x+2013_Spring	8	Administrator
course-v1:MITx+6.00x+2013_Spring	9	Community TA
course-v1:MITx+6.00x+2013_Spring	10	Moderator
course-v1:MITx+6.00x+2013_Spring	11	Student
course-v1:MITx+6.00x+2013_Spring	20	Student
