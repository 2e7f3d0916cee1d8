"""Problems: what the states of learners in problems hold, as rows."""
