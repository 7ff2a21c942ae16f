// Package page shows any page, and answers any GET of the API, as of an earlier moment.
// One handler around all routes reads the moment from the address; the questions that the
// routes ask are then answered by the ledger as it stood.
package page

import (
	"context"
	"encoding/hex"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/past"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/web"
	"chaperone.example/ledger"
)

// The parameters of an address that say as of when. They name a moment and nobody.
const (
	momentParameter = "as-of"
	clockParameter  = "as-of-clock"
)

// Page serves /as-of, and every address as of an earlier moment.
type Page struct {
	Keeper *past.Keeper
	Now    func() time.Time
}

// Routes adds the page of the control to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET "+web.AsOfPath, web.Handler(p.choose))
}

// choose turns what was entered in the control into the address of a page as of then.
func (p Page) choose(w http.ResponseWriter, r *http.Request) error {
	f, err := web.ReadForm(r, 8<<10)
	if err != nil {
		return err
	}
	to := web.Local(f.Text("to"))
	if !f.Has("day") {
		return web.Render(w, r, http.StatusOK, choosePage(nil, to))
	}
	at := p.moment(f)
	if !f.OK() {
		return web.Render(w, r, http.StatusUnprocessableEntity, choosePage(f, to))
	}
	m, err := past.Parse(at.Format(time.RFC3339Nano), f.Text("clock"), p.Now())
	if err != nil {
		if f.Take(err) {
			return web.Render(w, r, http.StatusUnprocessableEntity, choosePage(f, to))
		}
		return err
	}
	u, err := url.Parse(to)
	if err != nil {
		return fault.New(fault.Invalid, "the page to show as of then is no address of this hub")
	}
	q := u.Query()
	maps.Copy(q, query(m))
	u.RawQuery = q.Encode()
	return web.SeeOther(w, r, u.String())
}

// moment reads day, time and zone. A day without a time is its end, or now.
func (p Page) moment(f *web.Form) time.Time {
	var none time.Time
	day := f.Date("day", false)
	zone, err := time.LoadLocation(f.Text("zone"))
	if err != nil || f.Text("zone") == "Local" {
		f.Wrong("zone", "Choose a time zone.")
		return none
	}
	if !f.OK() {
		return none
	}
	now := p.Now().In(zone)
	at := time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, -1000, zone)
	if text := f.Text("time"); text != "" {
		clock, err := time.Parse("15:04", text)
		if err != nil {
			f.Wrong("time", "Enter the time as 14:30, or leave it empty for the end of the day.")
			return none
		}
		at = time.Date(day.Year(), day.Month(), day.Day(), clock.Hour(), clock.Minute(), 0, 0, zone)
	} else if y, m, d := now.Date(); y == day.Year() && m == day.Month() && d == day.Day() {
		at = now.Truncate(time.Second)
	}
	if at.After(now) {
		f.Wrong("day", "This moment is yet to come. Choose one that has passed.")
	}
	return at
}

func query(m past.Moment) url.Values {
	q := url.Values{momentParameter: {m.String()}}
	if m.Clock != past.Recorded {
		q.Set(clockParameter, string(m.Clock))
	}
	return q
}

// Around answers the requests to next as of the moment that their address names, if it
// names one. The permissions are those of now: it stands within what recognises the
// actor, who was signed in by the ledger of now.
func (p Page) Around(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		q := r.URL.Query()
		asked := q.Has(momentParameter) || q.Has(clockParameter)
		if !asked && r.Method != http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		text, clock, times := q.Get(momentParameter), q.Get(clockParameter), len(q[momentParameter])
		q.Del(momentParameter)
		q.Del(clockParameter)
		here := *r.URL
		if asked {
			here.RawQuery = q.Encode()
		}
		f := web.FrameOf(ctx)
		if f.Person != "" && r.Method == http.MethodGet && here.Path != web.AsOfPath {
			f.Here = here.RequestURI()
			ctx = web.WithFrame(ctx, f)
		}
		r = r.WithContext(ctx)
		if !asked {
			next.ServeHTTP(w, r)
			return
		}
		r.URL = &here // the page does not see the moment, so it cannot take it for its own
		r.Form = nil
		switch {
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			refuse(w, r, fault.New(fault.Refused, "you are looking at the past, where nothing can be changed: go back to now first"))
			return
		case access.Actor(ctx).ID == "":
			next.ServeHTTP(w, r) // who may not come in learns nothing of the past, either
			return
		case times != 1:
			refuse(w, r, fault.New(fault.Invalid, "name one moment with as-of, such as 2026-03-01"))
			return
		}
		m, err := past.Parse(text, clock, p.Now())
		var log *ledger.Log
		if err == nil {
			log, err = p.Keeper.At(ctx, m)
		}
		var computing *past.Computing
		switch {
		case errors.As(err, &computing):
			p.wait(w, r, m, computing)
			return
		case err != nil:
			refuse(w, r, err)
			return
		}
		if ctx, err = p.frame(ctx, m, log); err != nil {
			refuse(w, r, err)
			return
		}
		next.ServeHTTP(&named{ResponseWriter: w, at: log.Now()}, r.WithContext(ledger.At(ctx, log)))
	})
}

// frame says on the page as of when it is.
func (p Page) frame(ctx context.Context, m past.Moment, log *ledger.Log) (context.Context, error) {
	f := web.FrameOf(ctx)
	at := log.Now()
	f.Past = &web.Past{Words: web.Time(at), Query: query(m), Entry: web.AsOf{Day: at.Format(time.DateOnly), Time: at.Format("15:04"), Zone: "UTC", Clock: string(m.Clock)}}
	if !m.At.IsZero() {
		if _, offset := m.At.Zone(); offset != 0 {
			f.Past.Words = m.At.Format("Jan 2, 2006, 15:04 (UTC-07:00)")
		}
	} else {
		f.Past.Words += ", with record " + strconv.FormatInt(m.Record, 10) + " as the newest"
	}
	if m.Clock == past.Happened {
		f.Past.Note = "What was reported later counts, too, if it had happened by then."
	}
	h, err := log.Head(ctx)
	f.Ledger.Size, f.Ledger.Root = uint64(h.N), hex.EncodeToString(h.Hash[:])
	return web.WithFrame(ctx, f), err
}

// wait tells how far the moment is computed.
func (p Page) wait(w http.ResponseWriter, r *http.Request, m past.Moment, c *past.Computing) {
	w.Header().Set("Retry-After", "2")
	if api(r) {
		rest.Refuse(w, r, fault.New(fault.Refused, "that moment is being computed, %d of %d records so far: ask again in some seconds", c.Done, c.All))
		return
	}
	u := *r.URL
	q := u.Query()
	maps.Copy(q, query(m))
	u.RawQuery = q.Encode()
	if err := web.Render(w, r, http.StatusAccepted, waitPage(c, u.RequestURI())); err != nil {
		web.Error(w, r, err)
	}
}

func api(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, rest.Prefix+"/") }

// refuse answers a program with a problem document, and a person with a page.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	if api(r) {
		rest.Refuse(w, r, err)
		return
	}
	web.Error(w, r, err)
}

// A named response has the moment in the name of the file that it is, so that an export
// of the past is not taken for one of now.
type named struct {
	http.ResponseWriter
	at   time.Time
	done bool
}

func (w *named) name() {
	if w.done {
		return
	}
	w.done = true
	h := w.Header()
	rest, file := strings.CutPrefix(h.Get("Content-Disposition"), `attachment; filename="`)
	if stem, ext, ok := strings.Cut(strings.TrimSuffix(rest, `"`), "."); file && ok {
		h.Set("Content-Disposition", web.Attachment(stem+"-as-of-"+w.at.Format("2006-01-02T1504Z")+"."+ext))
	}
}

func (w *named) WriteHeader(status int) {
	w.name()
	w.ResponseWriter.WriteHeader(status)
}

func (w *named) Write(b []byte) (int, error) {
	w.name()
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *named) Unwrap() http.ResponseWriter { return w.ResponseWriter }
