package app_test

import (
	"bytes"
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"chaperone.example/internal/agreement"
	"chaperone.example/internal/app"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/dataset/intake"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/org"
	"chaperone.example/internal/release"
	"chaperone.example/internal/request"
	"chaperone.example/internal/rulebook"
	"chaperone.example/internal/synth"
	"chaperone.example/internal/vault"
	"chaperone.example/law"
	"chaperone.example/law/casefile"
	"chaperone.example/law/civil"
	"chaperone.example/law/instrument"
	"chaperone.example/law/purpose"
	"chaperone.example/ledger"
	"chaperone.example/phi"
	"filippo.io/age"
)

// The organizations of the world. The collaborative runs the hub. Nothing of alder is
// for birch to know, and the other way round: both deal with the collaborative only.
const (
	collab = "o-collab"
	alder  = "o-alder"
	birch  = "o-birch"
	cedar  = "o-cedar"
)

// secret is the password of everybody here. They never existed.
const secret = "nine quiet goats abide"

// A clock is moved by hand. It starts well before the real time, by which the session
// manager computes when a session expires: so a session that ends here was ended by
// the program's own clock.
type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time       { return time.Unix(0, c.at.Load()).UTC() }
func (c *clock) pass(d time.Duration) { c.at.Add(int64(d)) }

// A journal is what the program logs.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// A person of the world. Name and sign-in name hold words that occur nowhere else.
type person struct {
	ledger.Actor
	name, login string
}

func (p person) String() string {
	if p.ID == "" {
		return "a visitor"
	}
	return "the " + p.Role + " of " + p.Org
}

// A hub is the whole program on a folder of its own, with people to use it.
type hub struct {
	*app.App
	dir   string
	clock *clock
	log   *journal

	mu     sync.Mutex
	steps  map[string]int64     // by person: of the authenticator's code used last
	tokens map[string]string    // by person
	seen   map[string]time.Time // when the token was used last
	keys   map[string]*age.X25519Identity
}

// visitor has not signed in.
var visitor person

// one returns the person with a role in an organization.
func one(organization string, role phi.Role) person {
	place := strings.TrimPrefix(organization, "o-")
	return person{
		Actor: ledger.Actor{ID: "u-" + place + "-" + string(role), Org: organization, Role: string(role)},
		name:  "Zyx" + place + " " + strings.ReplaceAll(string(role), "-", "") + "son",
		login: strings.ReplaceAll(string(role), "-", "") + ".zyx@" + place + ".example",
	}
}

// open starts a hub on dir, which may hold one already.
func open(ctx context.Context, dir string, c *clock) (*hub, error) {
	return openAt(ctx, app.Place{Dir: dir}, c)
}

// openAt starts a hub wherever its ledger is.
func openAt(ctx context.Context, p app.Place, c *clock) (*hub, error) {
	h := &hub{dir: p.Dir, clock: c, log: &journal{}, steps: map[string]int64{}, tokens: map[string]string{}, seen: map[string]time.Time{}, keys: map[string]*age.X25519Identity{}}
	var err error
	h.App, err = app.Open(ctx, app.Config{Place: p, Origin: "chaperone.example/test", Now: c.now, LogTo: h.log, Version: "v0.0.0-test"})
	return h, err
}

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Date(2025, time.March, 3, 14, 0, 0, 0, time.UTC).UnixNano())
	return c
}

// populate registers organizations, and somebody for every role in those that are in
// full.
func (h *hub) populate(ctx context.Context, names map[string]string, full ...string) error {
	if _, err := org.Found(ctx, h.Log, collab, names[collab], "", law.Associate, law.Aggregator); err != nil {
		return err
	}
	for id, name := range names {
		if id != collab {
			if err := do(h, one(collab, phi.Administrator), org.Kind, id, org.Register{Name: name, Is: []law.Status{law.CoveredEntity, law.Provider}}); err != nil {
				return err
			}
		}
	}
	for id := range names {
		for _, role := range identity.Roles() {
			few := role == phi.PrivacyOfficer || role == phi.DataSteward || role == phi.QualityCoordinator
			if !few && !slices.Contains(full, id) {
				continue
			}
			if err := h.hire(ctx, one(id, role)); err != nil {
				return err
			}
		}
		for duty, role := range map[org.Duty]phi.Role{org.Privacy: phi.PrivacyOfficer, org.Contact: phi.PrivacyOfficer} {
			if err := do(h, one(id, phi.PrivacyOfficer), org.Kind, id, org.Designate{Duty: duty, User: one(id, role).ID, Roster: identity.Source{}}); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h *hub) hire(ctx context.Context, p person) error {
	totp := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(fmt.Appendf(nil, "%-20.20s", "zyx "+p.ID))
	return identity.Populate(ctx, h.Log, h.Vault, p.ID, identity.Newcomer{Org: p.Org, Role: phi.Role(p.Role), Name: p.name, Login: p.login}, secret, totp)
}

// do carries out a command as the person whose job it is.
func do[S any](h *hub, who person, k ledger.Kind[S], id string, c ledger.Command[S]) error {
	if _, err := ledger.Do(context.Background(), h.Desk, who.Actor, k, id, c); err != nil {
		return fmt.Errorf("%T on %s by %v: %w", c, id, who, err)
	}
	return nil
}

// code waits for a step of the authenticator that was not used yet, and returns what
// it shows.
func (h *hub) code(ctx context.Context, p person) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.clock.now().Unix()/30 <= h.steps[p.ID] {
		h.clock.pass(30 * time.Second)
	}
	h.steps[p.ID] = h.clock.now().Unix() / 30
	code, _, err := identity.Code(ctx, h.Log.DB(), h.Vault, p.login, h.clock.now())
	return code, err
}

// fresh signs the person in and returns a token that no other test uses.
func (h *hub) fresh(t testing.TB, p person) string {
	t.Helper()
	code, err := h.code(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	token, _, _, err := h.Door.Token(t.Context(), p.login, secret, code)
	if err != nil {
		t.Fatalf("%v cannot sign in: %v", p, err)
	}
	return token
}

// token returns a token of the person that is good for a while.
func (h *hub) token(t testing.TB, p person) string {
	t.Helper()
	h.mu.Lock()
	token, seen := h.tokens[p.ID], h.seen[p.ID]
	h.mu.Unlock()
	if token == "" || h.clock.now().Sub(seen) > 10*time.Minute {
		token = h.fresh(t, p)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tokens[p.ID], h.seen[p.ID] = token, h.clock.now()
	return token
}

// A body of a request.
type body struct{ kind, text string }

const (
	formType = "application/x-www-form-urlencoded"
	jsonType = "application/json"
)

// ask sends a request as a person would: pages with the cookie of a session, from a
// page of ours; the API with a token.
func (h *hub) ask(t testing.TB, who person, method, target string, b body) *httptest.ResponseRecorder {
	t.Helper()
	r := h.request(t, method, target, b)
	if who.ID != "" {
		present(r, h.token(t, who))
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w
}

func (h *hub) request(t testing.TB, method, target string, b body) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(b.text))
	if b.kind != "" {
		r.Header.Set("Content-Type", b.kind)
	}
	if !isAPI(r.URL.Path) {
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	return r
}

func isAPI(path string) bool { return strings.HasPrefix(path, "/api/v1/") }

// cookieName is that of a session over plain HTTP.
const cookieName = "chaperone-session"

// present shows the token of a session: the API takes it in a header, pages in a
// cookie.
func present(r *http.Request, token string) {
	if isAPI(r.URL.Path) {
		r.Header.Set("Authorization", "Bearer "+token)
		return
	}
	r.AddCookie(&http.Cookie{Name: cookieName, Value: token})
}

// A trace is everything durable that a request could have left behind.
type trace struct {
	records int64
	objects int // files of the vault
}

func (h *hub) trace(t testing.TB) trace {
	t.Helper()
	head, err := h.Log.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := trace{records: head.N}
	err = filepath.WalkDir(filepath.Join(h.dir, "vault"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !strings.HasPrefix(d.Name(), "vault.db") && !strings.HasSuffix(d.Name(), "-wal") && !strings.HasSuffix(d.Name(), "-shm") {
			out.objects++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The synthetic data of three hospitals, made once.
var synthetic = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "chaperone-synthetic-")
	if err != nil {
		return "", err
	}
	_, err = synth.Write(synth.Config{Hospitals: 3, Patients: 32, Months: 12, Seed: 7}, func(name string) (io.WriteCloser, error) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, err
		}
		return os.Create(path)
	})
	return dir, err
})

// truth says who the synthetic patients are.
func truth() (synth.Truth, error) {
	dir, err := synthetic()
	if err != nil {
		return synth.Truth{}, err
	}
	f, err := os.Open(filepath.Join(dir, "truth.json"))
	if err != nil {
		return synth.Truth{}, err
	}
	defer f.Close()
	return synth.ReadTruth(f)
}

// source is the path of a file of the n-th hospital.
func source(n int, name string) (string, error) {
	tr, err := truth()
	if err != nil {
		return "", err
	}
	dir, err := synthetic()
	return filepath.Join(dir, tr.Hospitals[n].ID, name), err
}

// A world is a hub in the middle of its work, with an object of every kind in every
// state that matters, shared by the tests that leave it as it is.
type world struct {
	*hub
	of map[string]map[string][]string // organization, kind → ids of its own
}

// note keeps an id under the organizations that may know it.
func (w *world) note(kind, id string, orgs ...string) {
	for _, o := range orgs {
		if w.of[o] == nil {
			w.of[o] = map[string][]string{}
		}
		w.of[o][kind] = append(w.of[o][kind], id)
	}
}

var shared struct {
	once sync.Once
	w    *world
	err  error
}

// theWorld returns the shared world.
func theWorld(t testing.TB) *world {
	t.Helper()
	shared.once.Do(func() {
		dir, err := os.MkdirTemp("", "chaperone-world-")
		if err != nil {
			shared.err = err
			return
		}
		shared.w, shared.err = build(context.Background(), app.Place{Dir: dir})
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.w
}

func TestMain(m *testing.M) {
	// What the program logs by the default logger is lost to its operator.
	strayed := &journal{}
	slog.SetDefault(slog.New(slog.NewTextHandler(strayed, nil)))
	code := m.Run()
	if w := shared.w; w != nil {
		if err := w.Close(); err != nil {
			fmt.Println("closing the world:", err)
			code = 1
		}
		for line := range strings.Lines(w.log.String()) {
			if strings.Contains(line, "level=ERROR") {
				fmt.Print("an internal error in the shared world: ", line)
				code = 1
			}
		}
		os.RemoveAll(w.dir)
	}
	if s := strayed.String(); s != "" {
		fmt.Println("logged past the program's log:", s)
		code = 1
	}
	if dir, err := synthetic(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}

func build(ctx context.Context, p app.Place) (*world, error) {
	h, err := openAt(ctx, p, newClock())
	if err != nil {
		return nil, err
	}
	w := &world{h, map[string]map[string][]string{}}
	names := map[string]string{collab: "Collaborative Zyx", alder: "Alder Hospital Zyx", birch: "Birch Hospital Zyx", cedar: "Cedar Hospital Zyx"}
	if err := h.populate(ctx, names, collab, alder, birch); err != nil {
		return nil, err
	}
	for o := range names {
		for _, role := range identity.Roles() {
			w.note("user", one(o, role).ID, o)
		}
	}
	return w, errors.Join(w.agree(), w.contribute(ctx), w.exchange(ctx), w.add(ctx))
}

// offer has the downstream organization offer an agreement, and both sign it if so
// wanted.
func (h *hub) offer(upstream, downstream, template string, signed bool) (string, error) {
	in, ok := instrument.Template(template)
	if !ok {
		return "", fmt.Errorf("there is no template %s", template)
	}
	id := "a-" + vault.NewID()
	err := do(h, one(downstream, phi.PrivacyOfficer), agreement.Kind, id, agreement.Offer{Upstream: upstream, Downstream: downstream, Instrument: in, Parties: org.Source{}})
	if signed {
		for _, o := range []string{upstream, downstream} {
			err = errors.Join(err, do(h, one(o, phi.PrivacyOfficer), agreement.Kind, id, agreement.Sign{Version: 1}))
		}
	}
	return id, err
}

// ruled is a pack of rules that concerns nothing that the world does.
func ruled(id string) string {
	return "id: " + id + "\nlevel: member\nsource: policy\nread: 2024-01-01\nrules:\n  - {id: r1, citation: policy, text: Costs stay., purposes: [fundraising], strip: [encounter.cost]}\n"
}

// add has organizations add rules of their own.
func (w *world) add(ctx context.Context) error {
	for _, o := range []string{collab, alder, birch, cedar} {
		p, err := casefile.ReadPack("pack", []byte(ruled("own")), o)
		if err != nil {
			return err
		}
		id, _, err := rulebook.Enter(ctx, w.Desk, one(o, phi.PrivacyOfficer).Actor, p, civil.On(w.Desk.Log.Now()), org.Source{})
		if err != nil {
			return err
		}
		w.note("pack", id, o)
	}
	return nil
}

func (w *world) agree() error {
	for _, a := range []struct {
		up, down, template string
		signed             bool
	}{
		{alder, collab, "baa", true}, {alder, collab, "participation", true}, {alder, collab, "dua", false}, {alder, cedar, "ohca", false},
		{birch, collab, "baa", true}, {birch, collab, "participation", true}, {birch, collab, "dua", false},
	} {
		id, err := w.offer(a.up, a.down, a.template, a.signed)
		if err != nil {
			return err
		}
		w.note("agreement", id, a.up, a.down)
	}
	return do(w.hub, one(alder, phi.PrivacyOfficer), org.Kind, alder, org.Engage{Organization: collab})
}

// hold registers a dataset, as far as wanted: "registered", "received", "ready" or
// "retired".
func (h *hub) hold(ctx context.Context, organization string, hospital int, file string, format intake.Format, state string) (string, error) {
	steward := one(organization, phi.DataSteward)
	id := dataset.NewID(steward.Actor, "")
	_, err := h.Datasets.Register(ctx, steward.Actor, id, dataset.Register{Format: format, Source: dataset.HealthRecord, Environment: dataset.Production, Repository: "hub-vault", PHI: true,
		Label: dataset.Label{Title: "Extract " + file, System: "Synthetic generator"}})
	if err != nil || state == "registered" {
		return id, err
	}
	path, err := source(hospital, file)
	if err != nil {
		return id, err
	}
	f, err := os.Open(path)
	if err != nil {
		return id, err
	}
	defer f.Close()
	if _, err := h.Datasets.Receive(ctx, steward.Actor, id, f); err != nil || state == "received" {
		return id, err
	}
	if err := do(h, steward, dataset.Kind, id, dataset.Classify{Version: 1}); err != nil || state == "ready" {
		return id, err
	}
	return id, do(h, steward, dataset.Kind, id, dataset.Retire{Reason: "superseded"})
}

func (w *world) contribute(ctx context.Context) error {
	for _, d := range []struct {
		org      string
		hospital int
		file     string
		format   intake.Format
		state    string
	}{
		{alder, 0, "encounters.csv", intake.Encounters, "ready"}, {alder, 0, "fhir.ndjson", intake.Resources, "ready"},
		{alder, 0, "encounters.csv", intake.Encounters, "registered"}, {alder, 0, "encounters.csv", intake.Encounters, "received"}, {alder, 0, "encounters.csv", intake.Encounters, "retired"}, {alder, 0, "fhir.ndjson", intake.Resources, "registered"},
		{birch, 1, "encounters.csv", intake.Encounters, "ready"}, {birch, 1, "encounters.csv", intake.Encounters, "received"},
	} {
		id, err := w.hold(ctx, d.org, d.hospital, d.file, d.format, d.state)
		if err != nil {
			return err
		}
		w.note("dataset", id, d.org)
	}
	return nil
}

// recipient makes a key for a person and registers it.
func (h *hub) recipient(p person) error {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return err
	}
	h.keys[p.ID] = key
	return do(h, p, identity.Kind, p.ID, identity.RegisterRecipient{Key: key.Recipient().String()})
}

// wanted is what coordinators ask for here: more than they may have.
var wanted = []string{"patient.name", "patient.token", "patient.age", "patient.sex", "encounter.key", "encounter.class", "encounter.admit-date", "encounter.discharge-date", "encounter.diagnosis", "encounter.length-of-stay", "encounter.disposition"}

func plea(discloser string, recipients ...string) (request.Ask, request.Details) {
	return request.Ask{
			Discloser: discloser, Purpose: purpose.Operations, Activity: purpose.QualityAssessment,
			Population: request.Population{Classes: []request.Class{request.Inpatient}, MinAge: 18},
			Window:     law.Window{From: civil.Of(2024, time.January, 1), Until: civil.Of(2024, time.December, 31)},
			Elements:   wanted, Form: law.Limited, Recipients: recipients, Retention: 365,
		}, request.Details{
			Project: "Fewer readmissions", Statement: "Count unplanned readmissions within 30 days of discharge, by service.",
			WhyMore: "Days between discharge and the next admission are needed.",
		}
}

// submit has a coordinator ask an organization for data.
func (h *hub) submit(who person, discloser string) (string, error) {
	a, d := plea(discloser, who.ID)
	id := "q-" + vault.NewID()
	return id, do(h, who, request.Kind, id, request.Submit{Ask: a, Details: d, Sources: h.Sources})
}

// grant has the steward approve a request, builds its release and returns the id.
func (h *hub) grant(ctx context.Context, organization, req string, datasets ...string) (string, error) {
	steward := one(organization, phi.DataSteward)
	if err := do(h, steward, request.Kind, req, request.Approve{Datasets: datasets, Partial: true, Sources: h.Sources}); err != nil {
		return "", err
	}
	id := release.NewID(steward.Actor, "")
	_, err := h.Builder.Release(ctx, steward.Actor, id, req, release.Lifetime)
	return id, err
}

func (w *world) exchange(ctx context.Context) error {
	for _, o := range []string{collab, alder, birch} {
		if err := errors.Join(w.recipient(one(o, phi.QualityCoordinator)), w.recipient(one(o, phi.Analyst))); err != nil {
			return err
		}
	}
	for _, x := range []struct {
		from, of string
		granted  bool
	}{
		{collab, alder, true}, {collab, alder, false}, {alder, alder, true}, {alder, alder, false}, {collab, cedar, false},
		{collab, birch, true}, {birch, birch, true}, {birch, birch, false},
	} {
		who := one(x.from, phi.QualityCoordinator)
		id, err := w.submit(who, x.of)
		if err != nil {
			return err
		}
		w.note("request", id, x.from)
		if x.of != x.from {
			w.note("request", id, x.of)
		}
		f, err := ledger.Ask(ctx, w.Desk, who.Actor, request.One{ID: id, Sources: w.Sources})
		if err != nil {
			return err
		}
		w.note("decision", f.Decided.ID, x.from)
		if !x.granted {
			continue
		}
		r, err := w.grant(ctx, x.of, id, w.of[x.of]["dataset"][0])
		if err != nil {
			return err
		}
		w.note("release", r, x.from)
		if x.of != x.from {
			w.note("release", r, x.of)
		}
		if err := w.Builder.Fetch(ctx, who.Actor, r, func(release.Offer) io.Writer { return io.Discard }); err != nil {
			return err
		}
	}
	return nil
}
