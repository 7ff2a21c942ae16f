// Package app puts the parts together: the data folder, the ledger, the modules and
// their faces. It is the only package that knows them all, and it holds no rules of
// its own.
package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"chaperone.example/internal/access"
	"chaperone.example/internal/agreement"
	"chaperone.example/internal/app/status"
	"chaperone.example/internal/dataset"
	"chaperone.example/internal/identity"
	"chaperone.example/internal/identity/session"
	"chaperone.example/internal/job"
	"chaperone.example/internal/org"
	"chaperone.example/internal/past"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/index"
	"chaperone.example/internal/request"
	"chaperone.example/internal/rest"
	"chaperone.example/internal/rulebook"
	"chaperone.example/internal/vault"
	"chaperone.example/internal/web"
	"chaperone.example/law"
	"chaperone.example/ledger"
	"chaperone.example/ledger/anchor"
	"chaperone.example/ledger/proof"
	"chaperone.example/phi"
)

// A Config says where a hub lives and what it stands on. The folder is required; what
// else is left out has a default.
type Config struct {
	Place
	Origin   string           // name of the ledger; if empty, what the folder says, or [DefaultOrigin]
	Existing bool             // the folder must hold a ledger already
	Watched  bool             // nothing is written before the witnesses were asked what they saw
	TLS      bool             // people reach the hub over HTTPS
	Now      func() time.Time // time.Now
	LogTo    io.Writer        // where log lines go; nowhere if nil
	Version  string           // of the program

	Progress func(done, all int64) // of rebuilding views, where they have to be; optional
}

// DefaultOrigin names the ledger of a hub that was given no other name.
const DefaultOrigin = "chaperone.example/hub"

// An App is a running hub.
type App struct {
	Desk     *ledger.Desk
	Log      *ledger.Log
	Vault    *vault.Vault
	Datasets *dataset.Store
	Builder  *release.Builder
	Register index.Register
	Sources  request.Sources
	Policy   []byte // trusts this hub's ledger
	Door     *identity.Door
	API      *rest.API

	place    Place
	site     web.Site
	handler  http.Handler
	table    *access.Table
	facts    *facts
	version  string
	now      func() time.Time
	closers  []io.Closer
	sessions *session.Store
	past     *past.Keeper
	watch    *watch
	work     *job.Runner
}

// Open assembles the hub on a data folder, making what is missing.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Origin == "" {
		if c.Origin, err = origin(c.Dir); err != nil {
			return nil, err
		}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.LogTo == nil {
		c.LogTo = io.Discard
	}
	if c.Existing {
		if err := c.hasLedger(ctx); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("app: %w", err)
	}
	a := &App{place: c.Place, version: c.Version, now: c.Now}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close())
		}
	}()
	if a.table, err = access.NewTable(access.Routes(), access.Grants()); err != nil {
		return nil, err
	}
	if err := a.openStores(ctx, c); err != nil {
		return nil, err
	}
	a.past = past.New(past.Config{Live: a.Log, Dir: filepath.Join(c.Dir, pastDir), Open: openPast, Now: c.Now})
	a.closers = append(a.closers, a.past)
	a.assemble()
	a.site = web.Site{TLS: c.TLS, Log: slog.New(slog.NewTextHandler(c.LogTo, nil))}
	policy, err := proof.ParsePolicy(a.Policy)
	if err != nil {
		return nil, fmt.Errorf("app: %s: %w", policyFile, err)
	}
	a.watch, a.work = newWatch(a, policy), a.jobs()
	if c.Watched {
		if err := a.watch.compare(ctx); err != nil {
			return nil, err
		}
	}
	return a, a.mount()
}

// Run does what a hub does beside answering: it has the ledger cosigned and sweeps what
// has expired, until ctx ends.
func (a *App) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { a.watch.Run(ctx) })
	wg.Go(func() { a.work.Run(ctx) })
	wg.Wait()
}

// Sweep does what has to be done from time to time, now.
func (a *App) Sweep(ctx context.Context) { a.work.Once(ctx) }

// report says how the hub is.
func (a *App) report(ctx context.Context) (status.Report, error) {
	h, err := a.Log.Head(ctx)
	if err != nil {
		return status.Report{}, err
	}
	rep := status.Report{Origin: a.Log.Origin(), Size: h.N, Root: hex.EncodeToString(h.Hash[:]), Database: "embedded", Version: a.version, Witnesses: a.watch.witnesses()}
	if a.place.Database != "" {
		rep.Database = "PostgreSQL"
	}
	if err := a.Log.DB().QueryRowContext(ctx, `select coalesce(max(size), 0) from checkpoint`).Scan(&rep.Cosigned); err != nil {
		return rep, err
	}
	for _, j := range a.work.Jobs {
		last := a.work.Last(j.Name)
		rep.Jobs = append(rep.Jobs, status.Job{Name: j.Name, Every: j.Every, Ended: last.At, Did: last.Did, Failed: last.Err != nil})
	}
	return rep, nil
}

// openStores opens the vault, the ledger and the sessions.
func (a *App) openStores(ctx context.Context, c Config) error {
	var err error
	if a.Vault, err = vault.Open(ctx, filepath.Join(c.Dir, keysDir), filepath.Join(c.Dir, vaultDir)); err != nil {
		return err
	}
	a.closers = append(a.closers, a.Vault)
	db, err := a.place.Open(ctx)
	if err != nil {
		return err
	}
	a.closers = append(a.closers, db)
	sign, vkey, err := signer(ctx, a.Vault, c.Origin)
	if err != nil {
		return err
	}
	second, err := secondKey(ctx, a.Vault, c.Origin, c.Now)
	if err != nil {
		return err
	}
	if a.Policy, err = writePolicy(c.Dir, vkey, second.VerifierKey()); err != nil {
		return err
	}
	if err := writeQuantum(c.Dir, a.Policy, second.VerifierKey()); err != nil {
		return err
	}
	secret, err := a.Vault.Derive(tagUse)
	if err != nil {
		return err
	}
	if err := a.place.belongs(ctx, db, secret); err != nil {
		return err
	}
	// The anchor lies with the keys: who restores a backup of the data does not
	// restore it.
	newest, err := anchor.Open(filepath.Join(c.Dir, keysDir, anchorFile))
	if err != nil {
		return err
	}
	a.closers = append(a.closers, newest)
	a.Log, err = ledger.Open(ctx, ledger.Config{
		DB: db, Origin: c.Origin, Now: c.Now, Rand: rand.Reader, Sealer: a.Vault, Secret: secret, Signer: sign, Second: second, Anchor: newest,
		Types: []ledger.Types{org.Types, identity.Types, agreement.Types, dataset.Types, request.Types, release.Types, rulebook.Types},
		Views: []ledger.View{org.View(), identity.View(), agreement.View(), dataset.View(), request.View(), release.View(), rulebook.View()},
	})
	if err != nil {
		return err
	}
	if err := a.build(ctx, db, c.Progress); err != nil {
		return err
	}
	a.sessions, err = session.Open(ctx, filepath.Join(c.Dir, sessionFile), c.Now)
	if err == nil {
		a.closers = append(a.closers, a.sessions)
	}
	return err
}

// assemble wires the modules to each other.
func (a *App) assemble() {
	a.Desk = &ledger.Desk{Log: a.Log, Gate: a.table}
	a.Datasets = &dataset.Store{Desk: a.Desk, Vault: a.Vault, Repositories: repositories()}
	a.facts = &facts{store: a.Datasets}
	a.Sources = request.Sources{Facts: a.facts, Directory: a.facts, Datasets: a.facts, Can: fulfilled()}
	a.facts.requests = a.Sources
	a.Builder = &release.Builder{Desk: a.Desk, Vault: a.Vault, Requests: permits{sources: a.Sources}, Datasets: holdings{a.Datasets}, Keys: keys{}, Build: a.version}
	a.Register = index.Register{Vault: a.Vault}
}

// fulfilled lists the obligations that a release of this hub fulfils. One that is
// missing here makes a decision that needs it a no (rule N03).
func fulfilled() []law.Duty {
	return []law.Duty{
		law.Approve,            // a steward approves every request
		law.Log,                // every step is in the ledger
		law.Account,            // disclosures have a patient index
		law.Encrypt,            // age, to the recipients' keys
		law.Pseudonymize,       // codes of the recipient's own
		law.Watermark,          // the recipient's own codes name it
		law.NoReidentification, // in the terms that travel along
		law.DataUseTerms,       // likewise
		law.DestroyBy,          // likewise, with the date
		law.KeepWithin,         // the vault is in the hub's own region
		law.TransferBy,         // the authenticated portal, encrypted
		law.SuppressionReport,  // request, release and README count what was withheld
		law.LabelSensitive,     // the package carries the labels of what is in it
	}
}

// repositories is where data may be stored: the hub's own vault.
func repositories() []dataset.Repository {
	return []dataset.Repository{{ID: "hub-vault", Region: "us"}}
}

// Place returns where the hub is.
func (a *App) Place() Place { return a.place }

// Close stops the hub.
func (a *App) Close() error {
	if a.Log != nil {
		a.Log.Close()
	}
	var errs []error
	for i := len(a.closers) - 1; i >= 0; i-- {
		errs = append(errs, a.closers[i].Close())
	}
	return errors.Join(errs...)
}

// Server returns a server of the hub's pages and API.
func (a *App) Server() *http.Server { return a.site.Server(a.handler) }

// Handler returns the pages and the API.
func (a *App) Handler() http.Handler { return a.handler }

// surround returns what stands around the pages of an actor.
func (a *App) surround(ctx context.Context, who ledger.Actor) ([]web.NavItem, web.Head, error) {
	var nav []web.NavItem
	for _, n := range []web.NavItem{
		{Label: "Home", Href: "/", Key: "home"}, {Label: "Agreements", Href: "/agreements", Key: "agreements"},
		{Label: "Datasets", Href: "/datasets", Key: "datasets"}, {Label: "Requests", Href: "/requests", Key: "requests"},
		{Label: "Releases", Href: "/releases", Key: "releases"}, {Label: "Disclosures", Href: "/disclosures", Key: "disclosures"},
		{Label: "Rules", Href: "/rules", Key: "rules"},
		{Label: "Organizations", Href: "/organizations", Key: "organizations"}, {Label: "People", Href: "/people", Key: "people"},
		{Label: "Ledger", Href: "/ledger", Key: "ledger"}, {Label: "Status", Href: "/status", Key: "status"},
	} {
		pattern := "GET " + n.Href
		if n.Href == "/" {
			pattern = "GET /{$}"
		}
		if a.table.Opens(phi.Role(who.Role), pattern) {
			nav = append(nav, n)
		}
	}
	h, err := a.Log.Head(ctx)
	return nav, web.Head{Size: uint64(h.N), Root: hex.EncodeToString(h.Hash[:]), Href: "/ledger"}, err
}
