package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// whois finds a person by one column of the view. It serves the program itself,
// before anybody is signed in; its answer is never shown.
type whois struct {
	column string // id, login or invitation
	value  string
}

// An account is a row of the view.
type account struct {
	id       string
	org      string
	role     phi.Role
	disabled bool
	epoch    int
}

func (whois) Action() string { return "identity.sign-in" }

func (q whois) Answer(ctx context.Context, r *ledger.Reading) (account, error) {
	return find(ctx, r.DB(), q.column, q.value)
}

func find(ctx context.Context, db ledger.Reader, column, value string) (account, error) {
	var a account
	var role string
	var disabled int
	if !slices.Contains([]string{"id", "login", "invitation"}, column) || value == "" {
		return a, nil
	}
	err := db.QueryRowContext(ctx, `select id, org, role, disabled, epoch from identity_user where `+column+` = $1`, value).Scan(&a.id, &a.org, &role, &disabled, &a.epoch)
	if errors.Is(err, sql.ErrNoRows) {
		return account{}, nil
	}
	a.role, a.disabled = phi.Role(role), disabled != 0
	return a, err
}

// inspect folds a person's stream, for the program itself.
type inspect struct{ id string }

func (inspect) Action() string { return "identity.sign-in" }

func (q inspect) Answer(ctx context.Context, r *ledger.Reading) (User, error) {
	return ledger.Read(ctx, r, Kind, q.id)
}

// A Person is what the own organization sees of a person.
type Person struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Login     string    `json:"login" doc:"Sign-in name"`
	Role      phi.Role  `json:"role"`
	Status    Status    `json:"status" doc:"active, invited, expired or disabled"`
	Until     time.Time `json:"until,omitzero" doc:"When the invitation expires"`
	Recipient string    `json:"recipient,omitempty" doc:"age public key that packages are encrypted to"`
	Since     time.Time `json:"since"`
	Seen      time.Time `json:"seen,omitzero" doc:"Last sign-in"`
}

// A Status says whether a person can sign in.
type Status string

// The statuses.
const (
	Active     Status = "active"
	Pending    Status = "invited"  // has not set the credentials yet
	Expired    Status = "expired"  // the invitation ran out
	NoAccess   Status = "disabled" // access was ended
	maxPersons        = 5000       // of one organization in one answer
)

const personColumns = `select id, role, details, disabled, code, recipient, since, seen, until from identity_user `

func persons(ctx context.Context, r *ledger.Reading, where string, args ...any) ([]Person, error) {
	rows, err := r.DB().QueryContext(ctx, personColumns+where+fmt.Sprintf(` order by id limit %d`, maxPersons), args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	out := []Person{}
	var seqs []int64
	for rows.Next() {
		var p Person
		var role, code, since, seen, until string
		var seq int64
		var disabled int
		if err := rows.Scan(&p.ID, &role, &seq, &disabled, &code, &p.Recipient, &since, &seen, &until); err != nil {
			return nil, err
		}
		p.Role = phi.Role(role)
		for _, t := range []struct {
			text string
			to   *time.Time
		}{{since, &p.Since}, {seen, &p.Seen}, {until, &p.Until}} {
			if t.text == "" {
				continue
			}
			if *t.to, err = time.Parse(time.RFC3339Nano, t.text); err != nil {
				return nil, err
			}
		}
		switch {
		case disabled != 0:
			p.Status = NoAccess
		case code != "":
			p.Status = Active
		case r.Now().Before(p.Until):
			p.Status = Pending
		default:
			p.Status = Expired
		}
		out, seqs = append(out, p), append(seqs, seq)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	for i, seq := range seqs {
		if out[i].Name, out[i].Login, err = names(ctx, r, seq); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// names opens the details of the record that registered a person.
func names(ctx context.Context, r *ledger.Reading, seq int64) (name, login string, err error) {
	var d Details
	err = r.Details(ctx, seq, &d)
	if errors.Is(err, ledger.ErrDisposed) {
		return "(name disposed of)", "", nil
	}
	return d.Name, d.Login, err
}

// People lists the people of the actor's organization by name.
type People struct{}

// Action implements [ledger.Question].
func (People) Action() string { return "identity.people" }

// Answer implements [ledger.Question].
func (People) Answer(ctx context.Context, r *ledger.Reading) ([]Person, error) {
	out, err := persons(ctx, r, `where org = $1`, r.Scope().Org)
	slices.SortFunc(out, func(a, b Person) int {
		if c := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, err
}

// Me shows the actor's own account.
type Me struct{}

// Action implements [ledger.Question].
func (Me) Action() string { return "identity.self" }

// Answer implements [ledger.Question].
func (Me) Answer(ctx context.Context, r *ledger.Reading) (Person, error) {
	out, err := persons(ctx, r, `where id = $1 and org = $2`, r.Scope().Actor.ID, r.Scope().Org)
	if err == nil && len(out) != 1 {
		err = ledger.Unknown(Kind.Name)
	}
	if err != nil {
		return Person{}, err
	}
	return out[0], nil
}

// A Source answers other modules' questions about people. What a decision rests on
// is read from streams, so that it is guarded.
type Source struct{}

// Works returns nil if the user is an active one of the organization, and a
// not-found fault otherwise, whatever the reason.
func (Source) Works(ctx context.Context, r *ledger.Reading, user, org string) error {
	u, err := ledger.Read(ctx, r, Kind, user)
	if err == nil && (u.ID == "" || u.Org != org || u.Disabled) {
		err = ledger.Unknown(Kind.Name)
	}
	return err
}

// User returns a person's state for a decision; a not-found fault if there is none.
func (Source) User(ctx context.Context, r *ledger.Reading, id string) (User, error) {
	u, err := ledger.Read(ctx, r, Kind, id)
	if err == nil && u.ID == "" {
		err = ledger.Unknown(Kind.Name)
	}
	return u, err
}

// Staff returns the people of the actor's own organization who have access, by id:
// "Ruth Abernathy, privacy officer".
func (s Source) Staff(ctx context.Context, r *ledger.Reading) (map[string]string, error) {
	people, err := s.Colleagues(ctx, r)
	out := map[string]string{}
	for _, p := range people {
		out[p.ID] = p.Name + ", " + strings.ReplaceAll(string(p.Role), "-", " ")
	}
	return out, err
}

// Colleagues lists the people of the actor's own organization who have access.
func (Source) Colleagues(ctx context.Context, r *ledger.Reading) ([]Person, error) {
	return persons(ctx, r, `where org = $1 and disabled = 0`, r.Scope().Org)
}

// Names returns the names of those of the users whom the actor may know: people of
// the own organization.
func (Source) Names(ctx context.Context, r *ledger.Reading, ids []string) (map[string]string, error) {
	out := map[string]string{}
	for _, id := range ids {
		if _, done := out[id]; done {
			continue
		}
		found, err := persons(ctx, r, `where id = $1 and org = $2`, id, r.Scope().Org)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			out[id] = p.Name
		}
	}
	return out, nil
}
