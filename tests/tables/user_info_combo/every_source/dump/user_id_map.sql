hash_id	id	username
h1	1	ann
h9	9	course_discovery_worker
