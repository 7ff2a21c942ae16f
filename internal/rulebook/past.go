package rulebook

import (
	"context"

	"chaperone.example/law"
	"chaperone.example/law/overlay"
	"chaperone.example/ledger"
)

// Looking says what a pack would have meant for the decisions about the actor's
// organization's data that were made. Another module keeps these.
type Looking func(ctx context.Context, a ledger.Actor, p overlay.Pack) (Past, error)

// A Past is how many past decisions were made again with a pack, and which came out
// otherwise.
type Past struct {
	Looked  int      `json:"looked" doc:"Requests whose newest decision was made again"`
	More    bool     `json:"more" doc:"There are older ones"`
	Changed []Change `json:"changed"`
}

// A Change is a past decision that would have come out otherwise.
type Change struct {
	Request  string      `json:"request"`
	Project  string      `json:"project"`
	Before   law.Outcome `json:"before"`
	After    law.Outcome `json:"after"`
	Withheld []string    `json:"withheld" doc:"Elements that would have been withheld, or given otherwise"`
}
