"""Whether the data of an office are all right: rules over what the logs, dumps and tables say of themselves.

Nothing here builds anything. A module `*_rules` holds rules, which are functions of what was read; the module
`*_facts` beside it reads that. `examination` does all of it.
"""
