package dataset

import (
	"context"
	"errors"
	"fmt"
	"time"

	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/fault"
	"chaperone.example/ledger"
)

// Releases knows what was released of a dataset: the other end of the map of uses
// and disclosures (DAT-1).
type Releases interface {
	// Of returns the releases of a dataset that the scope of r may see, newest first.
	Of(ctx context.Context, r *ledger.Reading, dataset string) ([]Edge, error)
}

// An Edge leads from a dataset to a release of it.
type Edge struct {
	ID        string // of the release
	Recipient string // organization, in words
	Form      string // "limited data set"
	At        time.Time
	Href      string
}

// A Row is a holding in the inventory.
type Row struct {
	ID          string
	Label       Label
	Format      intake.Format
	Source      Source
	Environment Environment
	Repository  string
	Region      string
	PHI         bool
	Status      Status
	Version     int // 0: no file yet
	Records     int64
	Bytes       int64
	SHA256      string
	First, Last string // months of service
	Changed     time.Time
	Releases    []Edge
}

// List asks for the inventory of one's own organization: first what waits for
// somebody, then what is ready, then what is retired (DAT-1).
type List struct {
	Releases Releases `json:"-"` // nil: without them
}

// Action implements [ledger.Question].
func (List) Action() string { return "dataset.list" }

// Answer implements [ledger.Question].
func (q List) Answer(ctx context.Context, r *ledger.Reading) ([]Row, error) {
	rows, err := inventory(ctx, r, `order by case h.status when 'retired' then 2 when 'ready' then 1 else 0 end, h.changed desc, h.id`)
	if err != nil || q.Releases == nil {
		return rows, err
	}
	for i := range rows {
		if rows[i].Releases, err = q.Releases.Of(ctx, r, rows[i].ID); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// inventory reads the rows of the scope, ending the query as told.
func inventory(ctx context.Context, r *ledger.Reading, end string, args ...any) (all []Row, err error) {
	rows, err := r.DB().QueryContext(ctx, `select h.id, h.format, h.source, h.environment, h.repository, h.region, h.phi, h.status, h.label, h.version, h.records, h.bytes, h.sha256, h.first_month, h.last_month, h.changed
		from dataset_holding h join stream_party sp on sp.stream = 'dataset/' || h.id and sp.org = $1 `+end, append([]any{r.Scope().Org}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("dataset: inventory: %w", err)
	}
	defer rows.Close()
	var labels []int64
	for rows.Next() {
		var x Row
		var phi int
		var label int64
		var changed string
		if err := rows.Scan(&x.ID, &x.Format, &x.Source, &x.Environment, &x.Repository, &x.Region, &phi, &x.Status, &label, &x.Version, &x.Records, &x.Bytes, &x.SHA256, &x.First, &x.Last, &changed); err != nil {
			return nil, fmt.Errorf("dataset: inventory: %w", err)
		}
		x.PHI = phi == 1
		if x.Changed, err = time.Parse(time.RFC3339Nano, changed); err != nil {
			return nil, fmt.Errorf("dataset: inventory: %w", err)
		}
		all, labels = append(all, x), append(labels, label)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, fmt.Errorf("dataset: inventory: %w", err)
	}
	for i := range all {
		if err := open(ctx, r, labels[i], &all[i].Label); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// open opens a sealed label; a label that was disposed of is shown as that.
func open(ctx context.Context, r *ledger.Reading, seq int64, l *Label) error {
	err := r.Details(ctx, seq, l)
	if errors.Is(err, ledger.ErrDisposed) {
		*l = Label{Title: "(disposed of)", System: "(disposed of)"}
		return nil
	}
	return err
}

// A Sheet is all that is known of one holding.
type Sheet struct {
	Row
	Holding Holding
	History []Moment // newest first
}

// A Moment is something that happened to a holding.
type Moment struct {
	Seq     int64
	At      time.Time
	Type    string // of the event
	Person  string // id of who did it
	Reason  string // work item of an opening
	Version int
	Note    string // a code: [Basis] or [Ending]
	Changes int
}

// One asks for one dataset of one's own organization.
type One struct {
	ID       string
	Releases Releases `json:"-"` // nil: without them
}

// Action implements [ledger.Question].
func (One) Action() string { return "dataset.see" }

// Answer implements [ledger.Question].
func (q One) Answer(ctx context.Context, r *ledger.Reading) (Sheet, error) {
	h, err := ledger.See(ctx, r, Kind, q.ID)
	if err != nil {
		return Sheet{}, err
	}
	rows, err := inventory(ctx, r, `where h.id = $2`, q.ID)
	if err != nil {
		return Sheet{}, err
	}
	if len(rows) != 1 {
		return Sheet{}, ledger.Unknown("dataset")
	}
	s := Sheet{Row: rows[0], Holding: h}
	if q.Releases != nil {
		if s.Releases, err = q.Releases.Of(ctx, r, q.ID); err != nil {
			return Sheet{}, err
		}
	}
	s.History, err = history(ctx, r, q.ID)
	return s, err
}

// history reads what happened to a dataset that the scope may see.
func history(ctx context.Context, r *ledger.Reading, id string) (all []Moment, err error) {
	rows, err := r.DB().QueryContext(ctx, `select m.seq, m.at, m.type, m.person, m.reason, m.version, m.note, m.changes
		from dataset_moment m join stream_party sp on sp.stream = 'dataset/' || m.dataset and sp.org = $1 where m.dataset = $2 order by m.seq desc limit 500`, r.Scope().Org, id)
	if err != nil {
		return nil, fmt.Errorf("dataset: history: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Moment
		var at string
		if err := rows.Scan(&m.Seq, &at, &m.Type, &m.Person, &m.Reason, &m.Version, &m.Note, &m.Changes); err != nil {
			return nil, fmt.Errorf("dataset: history: %w", err)
		}
		if m.At, err = time.Parse(time.RFC3339Nano, at); err != nil {
			return nil, fmt.Errorf("dataset: history: %w", err)
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

// receivable asks whether a file may be received, before it is read.
type receivable struct{ ID string }

func (receivable) Action() string { return "dataset.receive" }

func (q receivable) Answer(ctx context.Context, r *ledger.Reading) (Holding, error) {
	h, err := ledger.See(ctx, r, Kind, q.ID)
	if err == nil {
		err = h.receivable()
	}
	return h, err
}

// Of returns what a decision may rest on of one dataset within the scope of r; the
// append is refused if the dataset has changed by then. A dataset that is not ready
// is refused with what is missing.
func Of(ctx context.Context, r *ledger.Reading, id string) (Facts, error) {
	h, err := ledger.See(ctx, r, Kind, id)
	if err != nil {
		return Facts{}, err
	}
	switch h.Status() {
	case Ended:
		return Facts{}, fault.New(fault.Refused, "the dataset was retired: it is not to be used any more")
	case Awaiting:
		return Facts{}, fault.New(fault.Refused, "no file was received for the dataset yet")
	case Unconfirmed:
		return Facts{}, fault.New(fault.Refused, "the classification of the dataset's elements is not confirmed yet; a data steward does that on the dataset's page")
	}
	rows, err := inventory(ctx, r, `where h.id = $2`, id)
	if err != nil {
		return Facts{}, err
	}
	f := h.facts(id)
	if len(rows) == 1 {
		f.Title = rows[0].Label.Title
	}
	return f, nil
}

func (h Holding) facts(id string) Facts {
	v, _ := h.Current()
	return Facts{ID: id, Owner: h.Owner, Format: h.Format, Environment: h.Environment, Region: h.Region, PHI: h.HasPHI(), Version: v.Version,
		Object: v.Object, SHA256: v.SHA256, Bytes: v.Bytes, Records: v.Records, First: v.First, Last: v.Last, Elements: v.Elements, Corrected: v.Corrected, Part2: h.Part2}
}

// Available returns the datasets within the scope of r that are ready to be used.
func Available(ctx context.Context, r *ledger.Reading) ([]Facts, error) {
	rows, err := inventory(ctx, r, `where h.status = $2 order by h.changed desc, h.id`, string(Ready))
	if err != nil {
		return nil, err
	}
	all := make([]Facts, 0, len(rows))
	for _, x := range rows {
		h, err := ledger.See(ctx, r, Kind, x.ID)
		if err != nil {
			return nil, err
		}
		f := h.facts(x.ID)
		f.Title = x.Label.Title
		all = append(all, f)
	}
	return all, nil
}

// Use asks to open the data of a dataset. That it was opened is recorded before the
// answer is given, with the work item that is the actor's reason. [Store.Open] asks
// it and returns the data.
type Use struct{ ID string }

// Action implements [ledger.Question].
func (Use) Action() string { return "dataset.use" }

// Answer implements [ledger.Question].
func (q Use) Answer(ctx context.Context, r *ledger.Reading) (Facts, error) { return Of(ctx, r, q.ID) }

// Accesses implements [ledger.Watched].
func (q Use) Accesses(f Facts, _ ledger.Moment) []ledger.Access {
	return []ledger.Access{{Stream: "dataset/" + f.ID, Event: Opened{f.Version}, Parties: []string{f.Owner}}}
}
