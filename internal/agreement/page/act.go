package page

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/ledger"

	"github.com/a-h/templ"
)

// once makes the command of a form idempotent: a form that is sent twice does once.
func once(r *http.Request, f *web.Form) context.Context {
	if key := f.Text("once"); key != "" {
		return ledger.Once(r.Context(), key)
	}
	return r.Context()
}

// begin is once for a command that starts a stream. The id follows from the form's
// key, so that a form that is sent twice leads to the same stream.
func begin(r *http.Request, f *web.Form, prefix string) (context.Context, string) {
	key := f.Text("once")
	if key == "" {
		return r.Context(), prefix + vault.NewID()
	}
	sum := sha256.Sum256([]byte(access.Actor(r.Context()).ID + "\x00" + key))
	return ledger.Once(r.Context(), key), prefix + hex.EncodeToString(sum[:13])
}

// look asks for the agreement of the path.
func (p Page) look(r *http.Request) (viewer, agreement.Sheet, error) {
	v, err := p.viewer(r)
	if err != nil {
		return v, agreement.Sheet{}, err
	}
	s, err := ledger.Ask(r.Context(), p.Desk, v.actor, agreement.Show{ID: r.PathValue("id")})
	return v, s, err
}

// An act is a form about one agreement: how it is shown, and the command it makes.
type act struct {
	show func(viewer, agreement.Sheet, *web.Form) templ.Component
	make func(viewer, agreement.Sheet, *web.Form) ledger.Command[agreement.Contract]
	done string
}

func (p Page) form(w http.ResponseWriter, r *http.Request, a act) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, a.show(v, s, nil))
}

func (p Page) post(w http.ResponseWriter, r *http.Request, a act) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	if c := a.make(v, s, f); f.OK() {
		_, err := ledger.Do(once(r, f), p.Desk, v.actor, agreement.Kind, s.Contract.ID, c)
		switch {
		case err == nil:
			return web.Done(w, r, "/agreements/"+s.Contract.ID, a.done)
		case !f.Take(err):
			return err
		}
		// What the form was about may have changed: show it as it is now.
		if _, s, err = p.look(r); err != nil {
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, a.show(v, s, f))
}

// version reads the version that the form was about: the one that the person saw.
func version(f *web.Form) int { return f.Int("version", 1, 1<<20) }

var signing = act{
	done: "Your signature was recorded.",
	show: func(v viewer, s agreement.Sheet, f *web.Form) templ.Component { return signPage(v, s, f) },
	make: func(_ viewer, _ agreement.Sheet, f *web.Form) ledger.Command[agreement.Contract] {
		if !f.Check("confirm") {
			f.Wrong("confirm", "Tick the box to confirm that you have read this version and may sign it.")
		}
		return agreement.Sign{Version: version(f)}
	},
}

func (p Page) signForm(w http.ResponseWriter, r *http.Request) error { return p.form(w, r, signing) }
func (p Page) sign(w http.ResponseWriter, r *http.Request) error     { return p.post(w, r, signing) }

// base is what an amendment starts from: the version that waits for signatures, or
// the one that holds.
func base(s agreement.Sheet) agreement.Version {
	if v, ok := s.Contract.Pending(); ok {
		return v
	}
	if v, ok := s.Contract.Concluded(); ok {
		return v
	}
	return s.Contract.Latest()
}

var amending = act{
	done: "The amendment was proposed. It holds once both parties have signed it.",
	show: func(v viewer, s agreement.Sheet, f *web.Form) templ.Component {
		b := base(s)
		if f != nil {
			b.Instrument = read(f, s.Contract.Kind())
		}
		return amendPage(editor{f, b.Instrument, b.Start, b.End, v}, s)
	},
	make: func(_ viewer, s agreement.Sheet, f *web.Form) ledger.Command[agreement.Contract] {
		return agreement.Amend{Version: version(f), Instrument: read(f, s.Contract.Kind()), Start: date(f, "start"), End: date(f, "end"), Note: f.Text("note")}
	},
}

func (p Page) amendForm(w http.ResponseWriter, r *http.Request) error { return p.form(w, r, amending) }
func (p Page) amend(w http.ResponseWriter, r *http.Request) error     { return p.post(w, r, amending) }

var renewing = act{
	done: "The renewal was proposed. It holds once both parties have signed it.",
	show: func(v viewer, s agreement.Sheet, f *web.Form) templ.Component { return renewPage(v, s, f) },
	make: func(_ viewer, _ agreement.Sheet, f *web.Form) ledger.Command[agreement.Contract] {
		f.Need("end", "Enter the new last day.")
		c := agreement.Renew{Version: version(f), Note: f.Text("note")}
		if f.OK() {
			c.End = date(f, "end")
		}
		return c
	},
}

func (p Page) renewForm(w http.ResponseWriter, r *http.Request) error { return p.form(w, r, renewing) }
func (p Page) renew(w http.ResponseWriter, r *http.Request) error     { return p.post(w, r, renewing) }

var terminating = act{
	done: "The termination was recorded.",
	show: func(v viewer, s agreement.Sheet, f *web.Form) templ.Component { return terminatePage(v, s, f) },
	make: func(_ viewer, _ agreement.Sheet, f *web.Form) ledger.Command[agreement.Contract] {
		c := agreement.Terminate{Reason: agreement.Cause(f.Need("reason", "Choose why it is terminated.")), Effective: date(f, "effective"), ReturnBy: date(f, "return_by"), Note: f.Text("note")}
		if !f.Check("confirm") {
			f.Wrong("confirm", "Tick the box to confirm the termination.")
		}
		return c
	},
}

func (p Page) terminateForm(w http.ResponseWriter, r *http.Request) error {
	return p.form(w, r, terminating)
}
func (p Page) terminate(w http.ResponseWriter, r *http.Request) error {
	return p.post(w, r, terminating)
}

func (p Page) withdraw(w http.ResponseWriter, r *http.Request) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	c := agreement.Withdraw{Version: version(f)}
	if !f.OK() {
		return fault.New(fault.Invalid, "say which version is withdrawn: go back to the agreement and use its button")
	}
	if _, err := ledger.Do(once(r, f), p.Desk, v.actor, agreement.Kind, s.Contract.ID, c); err != nil {
		return err
	}
	return web.Done(w, r, "/agreements/"+s.Contract.ID, "The version was withdrawn. Nobody can sign it any more.")
}

func (p Page) reviewForm(w http.ResponseWriter, r *http.Request) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, reviewPage(v, s, nil))
}

func (p Page) review(w http.ResponseWriter, r *http.Request) error {
	v, s, err := p.look(r)
	if err != nil {
		return err
	}
	f, err := web.ReadForm(r, 64<<10)
	if err != nil {
		return err
	}
	c := agreement.RecordReview{Agreement: s.Contract.ID, Version: version(f), Note: f.Text("note"),
		Reviewer: agreement.Reader(f.Need("reviewer", "Say who reviewed it.")), Finding: agreement.Finding(f.Need("finding", "Say what the review found."))}
	if c.Finding == agreement.Objections && c.Note == "" {
		f.Wrong("note", "Say what has to change.")
	}
	if f.OK() {
		ctx, id := begin(r, f, "v-")
		_, err := ledger.Do(ctx, p.Desk, v.actor, agreement.Opinions, id, c)
		switch {
		case err == nil:
			return web.Done(w, r, "/agreements/"+s.Contract.ID, "The review was recorded. Only your organization sees it.")
		case !f.Take(err):
			return err
		}
	}
	return web.Render(w, r, http.StatusUnprocessableEntity, reviewPage(v, s, f))
}

// today is the day of an answer.
func today(s agreement.Sheet) civil.Date { return civil.On(s.At.UTC()) }

// missing returns what keeps a version from being signed.
func missing(v agreement.Version) []instrument.Missing { return instrument.Check(v.Instrument) }

// returnWords says what has to be done with the data.
func returnWords(a instrument.AtEnd) string {
	switch a {
	case instrument.Return:
		return "return"
	case instrument.Destroy:
		return "destroy"
	}
	return "return or destroy"
}

// renewed proposes a year more.
func renewed(v agreement.Version) civil.Date {
	if v.End == 0 {
		return 0
	}
	return civil.On(v.End.Time().AddDate(1, 0, 0))
}
