package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

	"chaperone.example/ledger/commit"
	"chaperone.example/ledger/leaf"
)

// A Kind is a family of streams that share a state.
type Kind[S any] struct {
	Name  string                   // "agreement"
	Apply func(S, Record, Event) S // pure; folds one event into the state
	Sees  func(S) []string         // the organizations that may see the stream
}

// A Moment is all that a decision may know of the world besides the state.
type Moment struct {
	Now   time.Time
	ID    string // of the stream
	Actor Actor
}

// A Command is something that an actor asks for. Decide is pure: it reads the
// state and the moment, and returns what shall have happened, or why it may not.
// Events with details that must be forgettable are returned as [Sealed].
type Command[S any] interface {
	Action() string // what the actor must be permitted to do: "agreement.sign"
	Decide(S, Moment) ([]Event, error)
}

// A Beginning is a command that starts a stream. Any other command on a stream
// that does not exist is answered like one on a stream that the actor may not see.
type Beginning interface{ Begins() }

// A Gatherer is a command whose decision needs facts of other streams. Gather
// returns the command with the facts in it; the append is refused if a stream
// that it read has moved by then.
type Gatherer[S any] interface {
	Gather(ctx context.Context, r *Reading, state S) (Command[S], error)
}

// A Scope says whose streams an answer may speak of. Only the gate makes one.
type Scope struct {
	Actor Actor
	Org   string // the organization whose streams are visible
}

// A Gate permits or refuses an action before anything is read or decided.
type Gate interface {
	Permit(ctx context.Context, a Actor, action string) (Scope, error)
}

// A Desk is the two doors of a ledger.
type Desk struct {
	Log  *Log
	Gate Gate
}

type onceKey struct{}

// Once makes the next Do on ctx idempotent: a command of the same actor with the
// same key is carried out once and acknowledged as often as it is asked for.
func Once(ctx context.Context, key string) context.Context {
	return context.WithValue(ctx, onceKey{}, key)
}

// Do carries out c on stream id of kind k, on behalf of a. When a stream that the
// decision rests on moved meanwhile, it decides again on the new state.
func Do[S any](ctx context.Context, d *Desk, a Actor, k Kind[S], id string, c Command[S]) (Receipt, error) {
	if d.at(ctx) != d.Log {
		return Receipt{}, errPast{}
	}
	scope, err := d.Gate.Permit(ctx, a, c.Action())
	if err != nil {
		return Receipt{}, err
	}
	key, _ := ctx.Value(onceKey{}).(string)
	var digest []byte
	if key != "" {
		if digest, err = digestOf(k.Name, id, c); err != nil {
			return Receipt{}, err
		}
		if receipt, done, err := commit.Repeated(ctx, d.Log.db, a, key, digest); done || err != nil {
			return receipt, err
		}
	}
	const tries = 4
	for try := 1; ; try++ {
		receipt, err := do(ctx, d, scope, k, id, c, key, digest)
		var moved *commit.Conflict
		if !errors.As(err, &moved) || try == tries {
			return receipt, err
		}
	}
}

func do[S any](ctx context.Context, d *Desk, scope Scope, k Kind[S], id string, c Command[S], key string, digest []byte) (Receipt, error) {
	stream := k.Name + "/" + id
	state, version, err := load(ctx, d.Log, k, id)
	if err != nil {
		return Receipt{}, err
	}
	if _, begins := c.(Beginning); begins {
		if version > 0 {
			return Receipt{}, &commit.Conflict{Stream: stream}
		}
	} else if version == 0 || !slices.Contains(k.Sees(state), scope.Org) {
		return Receipt{}, &unknown{k.Name}
	}
	var guards []Guard
	if g, ok := c.(Gatherer[S]); ok {
		r := &Reading{log: d.Log, scope: scope}
		if c, err = g.Gather(ctx, r, state); err != nil {
			return Receipt{}, err
		}
		guards = r.guards
	}
	events, err := c.Decide(state, Moment{Now: d.Log.Now(), ID: id, Actor: scope.Actor})
	if err != nil || len(events) == 0 {
		return Receipt{}, err
	}
	after := state
	for i, e := range events {
		if s, ok := e.(Sealed); ok {
			e = s.Event
		}
		after = k.Apply(after, Record{Stream: stream, Version: version + i + 1, Time: d.Log.Now(), Actor: scope.Actor}, e)
	}
	return d.Log.append(ctx, &commit.Request{Stream: stream, Version: version, Guards: guards, Actor: scope.Actor, Parties: k.Sees(after), Key: key, Digest: digest}, events...)
}

func digestOf(kind, id string, c any) ([]byte, error) {
	b, err := leaf.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("ledger: digest of %T: %w", c, err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s/%s %T\n", kind, id, c)
	h.Write(b)
	return h.Sum(nil), nil
}

// load folds the stream of k named id into its state. States of hot streams are
// kept; they are never changed in place, since Apply returns a new one.
func load[S any](ctx context.Context, l *Log, k Kind[S], id string) (state S, version int, err error) {
	stream := k.Name + "/" + id
	l.mu.Lock()
	f, ok := l.states[stream]
	l.mu.Unlock()
	if ok {
		state, version = f.state.(S), f.version
	}
	for r, err := range l.Records(ctx, stream, version) {
		if err != nil {
			return state, 0, fmt.Errorf("ledger: load %s: %w", stream, err)
		}
		e, err := l.decode(r)
		if err != nil {
			return state, 0, err
		}
		state, version = k.Apply(state, r, e), r.Version
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	const hot = 4096
	if len(l.states) >= hot {
		clear(l.states)
	}
	if version > 0 {
		l.states[stream] = folded{version, state}
	}
	return state, version, nil
}

// A Question is something that an actor wants to know. Answer reads within the
// scope of the reading and never beyond it.
type Question[T any] interface {
	Action() string // "agreement.list"
	Answer(ctx context.Context, r *Reading) (T, error)
}

// An Access is the record of somebody having seen something.
type Access struct {
	Stream  string
	Event   Event
	Parties []string
}

// A Watched question records the access before its answer is given.
type Watched[T any] interface {
	Accesses(answer T, m Moment) []Access
}

// Ask answers q for a, if the gate permits.
func Ask[T any](ctx context.Context, d *Desk, a Actor, q Question[T]) (answer T, err error) {
	scope, err := d.Gate.Permit(ctx, a, q.Action())
	if err != nil {
		return answer, err
	}
	answer, err = q.Answer(ctx, &Reading{log: d.at(ctx), scope: scope})
	if err != nil {
		return answer, err
	}
	if w, ok := q.(Watched[T]); ok {
		for _, access := range w.Accesses(answer, Moment{Now: d.Log.Now(), Actor: scope.Actor}) {
			if _, err := d.Log.append(ctx, &commit.Request{Stream: access.Stream, Version: commit.AnyVersion, Actor: scope.Actor, Parties: access.Parties}, access.Event); err != nil {
				var none T
				return none, err
			}
		}
	}
	return answer, nil
}

// Unknown is the answer to a question about something that does not exist, or that
// the actor may not see: the two cannot be told apart.
func Unknown(kind string) error { return &unknown{kind} }

type unknown struct{ kind string }

func (u *unknown) Error() string           { return "ledger: no such " + u.kind }
func (u *unknown) Fault() (string, string) { return "not found", "there is no such " + u.kind }
