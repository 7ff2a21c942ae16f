package ledger

import "chaperone.example/ledger/commit"

// What the tests of this folder see of the inside. They are outside, since the packages
// that check a ledger build on it.

// Conflict is what an append fails with when its stream moved.
type Conflict = commit.Conflict

// NewReading returns what an answer to org may read.
func NewReading(l *Log, org string) *Reading { return &Reading{log: l, scope: Scope{Org: org}} }

// ConfigOf returns how l was put together.
func ConfigOf(l *Log) Config { return l.cfg }
