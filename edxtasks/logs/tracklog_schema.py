"""The table of tracking-log rows: one row per event, the same columns for every course and day.

Every column is NULLABLE, none is REPEATED. The schema is a contract with the people who query the
tables and does not grow when edX adds a field: what has no column stays in `event` and `mongoid`
(docs/tracking-log-rows.md). Names are case-sensitive, and several are SQL keywords (`new`, `old`,
`type`, `current_time`, `name`): quote them.
"""

from __future__ import annotations

from edxtasks.warehouse.schema import Column, Schema, schema

MODULE_SCHEMA = schema("""
display_name STRING -- title of the component, as learners see it
""")

CONTEXT_SCHEMA = schema("""
course_id STRING -- course key as delivered, in either form
course_user_tags STRING -- JSON text: tags of the learner in this course
user_id INTEGER -- number of the person who did it; NULL when not logged in
org_id STRING -- organization of the course
username STRING -- user name, where the context repeats it
ip STRING -- IP address, where the context repeats it
agent STRING -- JSON text: `oldagent` is the context's own agent, beside it fields that have no column
host STRING -- host, where the context repeats it
session STRING -- session, where the context repeats it
path STRING -- path of the request that logged the event
""")

STATE_SCHEMA = schema("""
student_answers STRING -- JSON text: answers by input
seed INTEGER -- seed of the randomization
done BOOLEAN -- whether the problem was answered
correct_map STRING -- JSON text: correctness by input
input_state STRING -- JSON text: state by input
""")

ANSWER_SCHEMA = schema("""
text STRING -- text of the response
""")

RUBRIC_SCHEMA = schema("""
content_hash STRING -- digest of the rubric
""")

_EVENT_STRUCT_START = schema("""
POST STRING -- JSON text: fields of the request's body
GET STRING -- JSON text: fields of the request's query
course_id STRING -- course key, of enrolment events
user_id INTEGER -- person concerned, of enrolment events
mode STRING -- enrolment mode
data STRING -- never filled
code STRING -- video: id of the player's source, or `html5`, `mobile`
id STRING -- id of the component: block key, i4x URL or HTML id
currentTime FLOAT -- video: position in seconds
new INTEGER -- sequence: position gone to
old INTEGER -- sequence: position left
problem STRING -- id of the problem
type STRING -- video: how a seek was made
new_time FLOAT -- video: position in seconds after a seek
old_time FLOAT -- video: position in seconds before a seek
problem_id STRING -- id of the problem
""")

_EVENT_STRUCT_MIDDLE = schema("""
answers STRING -- JSON text: answers by input
submission STRING -- JSON text: input, question and answer by input
success STRING -- `correct` or `incorrect`
grade FLOAT -- points reached
correct_map STRING -- JSON text: correctness by input
attempts INTEGER -- how often the learner has answered
max_grade FLOAT -- points that can be reached
current_time FLOAT -- video: position in seconds
old_speed FLOAT -- video: speed before
new_speed FLOAT -- video: speed after
speed FLOAT -- video: speed
failure STRING -- why an answer was refused, such as `closed` or `unreset`
course STRING -- course key
total_results INTEGER -- number of search results
query STRING -- words searched for
corrected_text STRING -- words searched for instead
page INTEGER -- page of search results, or of a textbook
child_id STRING -- content experiment: component shown
group_id INTEGER -- content experiment: group
partition_name STRING -- content experiment: name of the partition
partition_id INTEGER -- content experiment: partition
group_name STRING -- content experiment: name of the group
old_state STRING -- JSON text: state before a reset or a regrade
new_state STRING -- JSON text: state after it
status STRING -- status
is_user_staff STRING -- whether the person is course staff
chapter STRING -- textbook: chapter
direction STRING -- textbook: direction of paging
name STRING -- name
amount FLOAT -- textbook: zoom
chapter_title STRING -- textbook: title of the chapter
caseSensitive STRING -- textbook search: case-sensitive
findPrevious STRING -- textbook search: backwards
highlightAll STRING -- textbook search: all places marked
item_id STRING -- open response: id of the component
submission_returned_uuid STRING -- open response: submission given to a peer
requesting_student_id STRING -- open response: anonymous id of the person who assesses
saved_response STRING -- open response: draft
""")

_EVENT_STRUCT_AFTER_ANSWER = schema("""
created_at STRING -- open response: when it was made
attempt_number INTEGER -- open response: number of the attempt
submission_uuid STRING -- open response: submission
submitted_at STRING -- open response: when it was submitted
corrections STRING -- JSON text: open response: corrections by criterion
options_selected STRING -- JSON text: open response: options by criterion
scorer_id STRING -- open response: anonymous id of the person who scored
feedback STRING -- open response: feedback
score_type STRING -- open response: self, peer or staff assessment
parts STRING -- JSON text: open response: assessment by criterion
""")

_EVENT_STRUCT_END = schema("""
scored_at STRING -- open response: when it was scored
feedback_text STRING -- open response: feedback on the assessment
options STRING -- open response: options of the feedback
thumbnail_title STRING -- textbook: title of the thumbnail
location STRING -- place in the page
permutation STRING -- JSON text: order in which choices were shown
url STRING -- address
descriptionText STRING -- recommender: description
description STRING -- recommender: description
title STRING -- recommender: title
aws_secret_key STRING -- recommender: as logged
uploadedFileDir STRING -- recommender: folder of an upload
aws_access_key STRING -- recommender: as logged
bucketName STRING -- recommender: bucket of an upload
downvotes INTEGER -- recommender: votes against
upvotes INTEGER -- recommender: votes for
uploadedFileName STRING -- recommender: name of an upload
error STRING -- error message
newVotes INTEGER -- recommender: votes after
oldVotes INTEGER -- recommender: votes before
old_description STRING -- recommender: description before
old_title STRING -- recommender: title before
old_url STRING -- recommender: address before
old_descriptionText STRING -- recommender: description before
toggle STRING -- recommender: shown or hidden
reason STRING -- recommender: reason
isProblematic STRING -- recommender: flagged
oldReason STRING -- recommender: reason before
category INTEGER -- category
selection STRING -- selected text
element STRING -- element of the page
""")

EVENT_STRUCT_SCHEMA = Schema(
    (
        *_EVENT_STRUCT_START,
        Column("state", "RECORD", "state of the problem before the answer", STATE_SCHEMA.columns),
        *_EVENT_STRUCT_MIDDLE,
        Column("answer", "RECORD", "open response: the response", ANSWER_SCHEMA.columns),
        *_EVENT_STRUCT_AFTER_ANSWER,
        Column("rubric", "RECORD", "open response: the rubric", RUBRIC_SCHEMA.columns),
        *_EVENT_STRUCT_END,
    )
)

TRACKLOG_SCHEMA = Schema(
    (
        *schema("""
            time TIMESTAMP -- when it happened, UTC
            username STRING -- user name; empty when not logged in
            ip STRING -- IP address
            event_source STRING -- where it was logged: browser, server, mobile or task
            event_type STRING -- kind of event; for implicit server events the path of the request
            agent STRING -- user agent of the browser
            course_id STRING -- course key ORG/NUMBER/RUN; NULL when the event is of no course
            module_id STRING -- component it is about: ORG/NUMBER/TYPE/ID
            page STRING -- browser events: address of the page
            host STRING -- host that served the request
            vname STRING -- only in old records kept in MongoDB
            datafn STRING -- only in old records kept in MongoDB
            event_js STRING -- always NULL
        """),
        Column(
            "context",
            "RECORD",
            "course, person and request of the event",
            (
                *CONTEXT_SCHEMA,
                Column("module", "RECORD", "component that logged the event", MODULE_SCHEMA.columns),
            ),
        ),
        Column("mongoid", "STRING", "JSON text: fields that have no column, under the path they had"),
        Column(
            "event_struct",
            "RECORD",
            "members of the event, where it is an object",
            EVENT_STRUCT_SCHEMA.columns,
        ),
        *schema("""
            event STRING -- JSON text: the event
            name STRING -- name of the event
            session STRING -- session of the browser
        """),
    )
)
"""The 19 columns of `tracklog_YYYYMMDD`; `event_struct` has 98 members."""
