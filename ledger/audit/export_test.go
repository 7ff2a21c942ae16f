package audit

// Matches compares the columns of the database with the event.
func (e Entry) Matches() error { return e.matches() }
