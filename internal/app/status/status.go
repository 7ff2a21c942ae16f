// Package status shows how the hub itself is: its ledger, the witnesses that watch it,
// and the work that it does from time to time. Nothing in it is about anybody's data, so
// every member may see whether the ledger is watched.
package status

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/web"
)

// A Report says how the hub is.
type Report struct {
	Origin    string // name of the ledger
	Size      int64
	Root      string // hexadecimal
	Cosigned  int64  // newest size that as many witnesses cosigned as the policy wants; 0: none
	Database  string
	Version   string
	Witnesses []Witness
	Jobs      []Job
}

// A Witness says what a witness of the policy answered last.
type Witness struct {
	Name     string // in the policy
	Key      string // name of its key
	Watched  bool   // the policy says where it is asked
	Size     int64  // records that it cosigned last
	Cosigned time.Time
	Asked    time.Time
	Trouble  string // why it did not cosign when it was asked last; empty: it did
	Alarm    bool   // it saw another history
}

// A Job says how the work of a name went.
type Job struct {
	Name  string
	Every time.Duration
	Ended time.Time
	Did   int
	// Failed: what went wrong stands in the log, not here.
	Failed bool
}

// Page serves /status.
type Page struct {
	Report func(context.Context) (Report, error)
}

// Routes adds the page to mux.
func (p Page) Routes(mux *access.Mux) {
	mux.Handle("GET /status", web.Handler(func(w http.ResponseWriter, r *http.Request) error {
		rep, err := p.Report(r.Context())
		if err != nil {
			return err
		}
		return web.Render(w, r, http.StatusOK, page(rep))
	}))
}

// stand says in a word how a witness stands.
func (w Witness) stand() (web.Tone, string) {
	switch {
	case !w.Watched:
		return web.Plain, "Not asked: the policy has no address"
	case w.Alarm:
		return web.Bad, "Saw another history"
	case w.Asked.IsZero():
		return web.Wait, "Not asked yet"
	case w.Trouble != "":
		return web.Warn, "Does not cosign"
	}
	return web.Good, "Cosigns"
}

func (j Job) stand() (web.Tone, string) {
	switch {
	case j.Ended.IsZero():
		return web.Wait, "Not yet"
	case j.Failed:
		return web.Warn, "Failed: see the log"
	}
	return web.Good, "Done"
}

func (j Job) every() string {
	if j.Every%(24*time.Hour) == 0 {
		return "Every day"
	}
	if j.Every == time.Hour {
		return "Every hour"
	}
	return fmt.Sprintf("Every %v", j.Every)
}

// alarm returns the witnesses that saw another history.
func (r Report) alarm() (names []string) {
	for _, w := range r.Witnesses {
		if w.Alarm {
			names = append(names, w.Name)
		}
	}
	return names
}
