// Package demo fills a hub with a plainly synthetic consortium and walks one data
// request through it, end to end: the story that a newcomer sees.
//
// Every step is an ordinary command of the person whose job it is, through the same
// two doors as the pages. A step is announced as "ok" only after it is durable, and
// each has a key of its own, so that a story which was cut off anywhere is carried
// on, and one that was finished is found finished.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"chaperone.example/internal/access"
	"chaperone.example/internal/app"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/synth"
	"chaperone.example/ledger"
	"chaperone.example/phi"
)

// Origin is the name of the demonstration's ledger.
const Origin = "chaperone.example/demo"

// A Size says how much synthetic data the demonstration has.
type Size struct{ Patients, Months int }

// Small is enough to see everything.
var Small = Size{Patients: 48, Months: 12}

const (
	hospitals = 8
	seed      = 2026
)

// A Story is being walked.
type Story struct {
	app       *app.App
	dir       string
	out       io.Writer
	hospitals []hospital
	orgs      []organization
	step      int
}

// Prepare makes the synthetic data of the hospitals in dir/synthetic, unless it is
// there already.
func Prepare(dir string, size Size) error {
	inbox := filepath.Join(dir, inboxDir)
	if _, err := os.Stat(filepath.Join(inbox, doneFile)); err == nil {
		return nil
	}
	// A run that was cut off is begun again: the same seed gives the same bytes.
	if err := os.RemoveAll(inbox); err != nil {
		return err
	}
	_, err := synth.Write(synth.Config{Hospitals: hospitals, Patients: size.Patients, Months: size.Months, Seed: seed}, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(inbox, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(inbox, doneFile), nil, 0o600)
}

// The folders of a demonstration, beside the data folder's own.
const (
	inboxDir      = "synthetic"  // what the hospitals contribute: the source inbox
	recipientsDir = "recipients" // private keys of the recipients, which the hub never sees
	doneFile      = "complete"
	truthFile     = "truth.json"
)

// New returns the story of a hub on dir, whose data [Prepare] has made.
func New(a *app.App, dir string, out io.Writer) (*Story, error) {
	truth, err := readTruth(dir)
	if err != nil {
		return nil, err
	}
	s := &Story{app: a, dir: dir, out: out}
	for _, h := range truth.Hospitals {
		s.hospitals = append(s.hospitals, hospital{h.ID, h.Name})
	}
	s.orgs = consortium(s.hospitals)
	return s, nil
}

func readTruth(dir string) (synth.Truth, error) {
	f, err := os.Open(filepath.Join(dir, inboxDir, truthFile))
	if err != nil {
		return synth.Truth{}, err
	}
	defer f.Close()
	return synth.ReadTruth(f)
}

// Walk tells the whole story. It stops at the first step that does not end as it
// must.
func (s *Story) Walk(ctx context.Context) error {
	if err := s.say("Each step is an ordinary command of the person whose job it is. It says ok when it is\ndurable; [n] is how many records the ledger holds by then."); err != nil {
		return err
	}
	for _, chapter := range []struct {
		title string
		tell  func(context.Context) error
	}{
		{"1. A consortium of competitors", s.join},
		{"2. Agreements from templates, checked term by term", s.agree},
		{"3. A hospital registers its data", s.contribute},
		{"4. A coordinator asks, and the law right-sizes", s.ask},
		{"5. The steward approves; a package is released", s.give},
		{"6. Accounted for, and provable", s.account},
		{"7. The agreement ends, and so does the flow", s.end},
	} {
		if err := s.say("\n%s", chapter.title); err != nil {
			return err
		}
		if err := chapter.tell(ctx); err != nil {
			return err
		}
	}
	return s.close(ctx)
}

func (s *Story) say(format string, a ...any) error {
	_, err := fmt.Fprintf(s.out, format+"\n", a...)
	return err
}

// ok announces a step that is durable, with the size of the ledger that holds it.
func (s *Story) ok(format string, a ...any) error {
	h, err := s.app.Log.Head(context.Background())
	if err != nil {
		return err
	}
	s.step++
	return s.say("ok %-2d [%3d] "+format, append([]any{s.step, h.N}, a...)...)
}

// actor is the person with a role in an organization.
func actor(org string, role phi.Role) ledger.Actor {
	return ledger.Actor{ID: user(org, role), Org: org, Role: string(role)}
}

// do carries out a command once, however often the story is walked.
func do[S any](ctx context.Context, s *Story, who ledger.Actor, k ledger.Kind[S], id, key string, c ledger.Command[S]) error {
	_, err := ledger.Do(ledger.Once(ctx, "demo "+key), s.app.Desk, who, k, id, c)
	return err
}

// refused expects a command to be refused, and returns why.
func refused(err error) (string, error) {
	kind, msg, ok := fault.Of(err)
	switch {
	case err == nil:
		return "", errors.New("demo: a step that must be refused was carried out")
	case !ok || kind != fault.Refused && kind != fault.Forbidden:
		return "", err
	}
	return msg, nil
}

// name returns what an organization is called.
func (s *Story) name(org string) string {
	for _, o := range s.orgs {
		if o.id == org {
			return o.name
		}
	}
	return org
}

// A SignIn is how one of the demonstration's people signs in.
type SignIn struct {
	Job, Organization, Login string
}

// SignIns lists one person a job: those of the collaborative, then the jobs that
// only hospitals and vendors have, at the first of them.
func (s *Story) SignIns() []SignIn {
	seen := map[phi.Role]bool{}
	var out []SignIn
	for _, i := range []int{0, 1, len(s.orgs) - 3} {
		for _, role := range s.orgs[i].roles {
			if i > 0 && seen[role] && role != phi.PrivacyOfficer {
				continue
			}
			seen[role] = true
			out = append(out, SignIn{capital(access.Title(role)), s.orgs[i].name, s.orgs[i].login(role)})
		}
	}
	return out
}
