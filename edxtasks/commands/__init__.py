"""doit commands: what prints, filters, exports or deletes."""

from edxtasks.commands.ending import end_quietly_when_interrupted

end_quietly_when_interrupted()
