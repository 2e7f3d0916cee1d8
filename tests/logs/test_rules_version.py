"""When the same line makes another row, `RULES_VERSION` is raised, so that old shards count as stale."""

from __future__ import annotations

import hashlib

from edxtasks.logs.rows.rephrase import RULES_VERSION, Rephraser, RephraseRules

LINES = [
    b'{"time":"2014-10-14T12:34:56.789012+00:00","username":"u","event_source":"browser","page":"https://h/'
    b'courses/course-v1:A+B.1x+C/courseware/c/s/","event_type":"play_video","session":"s","referer":"r",'
    b'"context":{"user_id":"12","course_id":"course-v1:A+B.1x+C","path":"/event","course_user_tags":{}},'
    b'"event":"{\\"id\\":\\"ab\\",\\"currentTime\\":\\"7.5\\",\\"duration\\":60,\\"code\\":\\"html5\\"}"}',
    b'Sep  9 00:00:48 localhost {"time": 1413290096.5, "event_source": "server", "event_type": '
    b'"/courses/A/B.1x/C/discussion/forum/General/threads/0a1b", "event": "{\\"POST\\": {}, \\"GET\\": {}}"}',
    b'{"time":"2014-10-14 08:34:56-04:00","event_source":"server","event_type":"problem_check","context":'
    b'{"course_id":"A/B.1x/C","agent":"M","component":"x","module":{"display_name":"Q","usage_key":"k"}},'
    b'"event":{"problem_id":"i4x://A/B.1x/problem/P","state":{"seed":1,"done":"true","student_answers":{},'
    b'"has_saved_answers":null},"answers":{"a":"1"},"grade":"1","attempts":2.0,"success":true,"new-key":NaN}}',
    b'{"time":"2014-10-14T12:34:56Z","event_source":"browser","event_type":"problem_check","mongoid":"4e",'
    b'"course_id":"A/B.1x/C","event":"input_i4x-A-B_1x-problem-P_2_2_1=5&x=\\ud83d","_id":{"$oid":"5f"}}',
    b'{"time":"2013-01-01T00:00:00","event_source":"server","event_type":"x","event":{"x":"i4x://A/B/c/D"}}',
    b'{"time":"2014-10-14T12:34:56Z","event_source":"task","course_id":"library-v1:A+B","event":[1e400,'
    b"123456789012345678901234567890]}",
    b'{"time":"yesterday","event_source":"server"}',
    b'{"username":"u","event_type":"problem_check","ip":"i","agent":"a","host":"h","referer":"r","event":'
    b'{"problem_id":"p","answers":{},"attempts":2,"unknown":1},"event_source":"server","context":{"user_id":7,'
    b'"course_id":"A/B.1x/C","path":"/p","module":{"display_name":"D","usage_key":"k"},"enterprise_uuid":""},'
    b'"time":"2014-10-14T12:34:56.789012+00:00","page":"x_module","session":"s"}',
    b'{"username":"u\\n","event_type":"pause_video","event_source":"browser","context":{"course_id":"","path":""},'
    b'"page":"https://h/courses/course-v1:%C3%89+%c3%a9.1+T/","event":"{\\"id\\":\\"\\\\nv1\\"}","time":1462183200}',
    b'{"event_type":"/api/courses/v1/courses/A/B.1x/C/","event_source":"server","time":"1969-12-31T23:59:59"}',
    b'{"event_type":"/api/courses/v1/courses/A/B.1x/C/","event_source":"server","time":"2016-05-02T10:00:00Z",'
    b'"context":{"course_id":"","path":"","module":{"usage_key":"i4x://A/B.1x/problem/P"},"username":"u"}}',
]
ROWS = {1: "6afa600ff7007544", 2: "d24eb4edc71e8143"}
"""Digest of what the lines become, by version. Never change an entry: add one."""


def test_rows_are_those_of_the_version() -> None:
    digest = hashlib.sha256()
    for form in ("compact", "predecessor"):
        for extended in (True, False):
            rephraser = Rephraser(RephraseRules(json_text_form=form, module_id_extended=extended))
            for line in LINES:
                digest.update(repr(rephraser.line(line)).encode() + b"\n")
    assert digest.hexdigest()[:16] == ROWS[RULES_VERSION]
