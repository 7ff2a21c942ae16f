package chaperone_test

import (
	"encoding/json"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "chaperone.example/"

// The layers of the house, from the ground up. A package may import its own layer
// only where the table below says so, and everything beneath it.
//
//	pure     phi, law, deid, measure, secagg, dp and below: no clock, network, file, database
//	ledger   the history; and fault, vault: what the modules stand on
//	modules  one per capability; they refer to each other by identifier, not by import
//	faces    page and rest of the modules, web and rest frames
//	app      puts the parts together; cmd runs it

// pure lists the trees of packages that decide and touch nothing.
var pure = []string{"phi", "law", "deid"}

// forbidden is what a pure package may not import, and why.
var forbidden = map[string]string{
	"os": "files and environment come in as arguments", "net": "no network", "net/http": "no network",
	"database/sql": "no database", "log": "errors are returned", "log/slog": "errors are returned",
	"math/rand": "randomness comes in", "math/rand/v2": "randomness comes in", "os/exec": "no processes",
}

// modules are the capabilities: internal/NAME with page and rest beneath.
var modules = []string{"org", "identity", "agreement", "dataset", "request", "release", "rulebook", "history", "past"}

// may lists what else a package may import of this module, beyond what its layer
// allows. A package that is in no layer and not here fails the test.
var may = map[string][]string{
	"internal/fault":  {},
	"internal/job":    {},
	"internal/access": {"internal/fault", "ledger", "phi"},
	"internal/vault":  {"ledger"},
	"internal/web":    {"internal/fault"},
	"internal/rest":   {"internal/fault", "ledger"},
	"internal/synth":  {"internal/fault", "internal/synth/canary", "internal/synth/chance", "internal/synth/cohort"},

	"internal/synth/cohort": {"internal/fault", "internal/synth/canary", "internal/synth/chance"},
	"internal/synth/canary": {"internal/synth/chance"},
	"internal/synth/chance": {},

	"internal/home":     {"internal/access", "internal/web", "phi"},
	"ledger":            {"ledger/commit", "ledger/excerpt", "ledger/leaf", "ledger/notary", "ledger/proof", "ledger/record", "ledger/store", "ledger/tree", "ledger/vocabulary"},
	"ledger/commit":     {"ledger/group", "ledger/leaf", "ledger/notary", "ledger/record", "ledger/store", "ledger/tree"},
	"ledger/notary":     {"ledger/leaf", "ledger/proof", "ledger/record", "ledger/store", "ledger/tree"},
	"ledger/record":     {"ledger/leaf", "ledger/store"},
	"ledger/store":      {"ledger/tree"},
	"ledger/excerpt":    {"ledger/leaf", "ledger/store", "ledger/tree"},
	"ledger/anchor":     {},
	"ledger/group":      {},
	"ledger/leaf":       {},
	"ledger/proof":      {},
	"ledger/tree":       {},
	"ledger/vocabulary": {"ledger/leaf"},
}

func allowed(pkg, imp string) bool {
	if list, ok := may[pkg]; ok {
		return slices.Contains(list, imp)
	}
	tree, _, _ := strings.Cut(pkg, "/")
	switch {
	case slices.Contains(pure, tree):
		to, _, _ := strings.Cut(imp, "/")
		return to == tree || to == "phi" || tree == "deid" && to == "law"
	case pkg == "internal/release/releasetest":
		return imp == "internal/release" || imp == "internal/vault" || imp == "internal/synth" || imp == "internal/fault" || imp == "ledger" || imp == "ledger/ledgertest" || imp == "phi" || strings.HasPrefix(imp, "deid")
	case pkg == "internal/request/requesttest":
		return imp == "internal/request" || imp == "ledger" || imp == "ledger/ledgertest" || imp == "phi" || strings.HasPrefix(imp, "law")
	case pkg == "ledger/scenario":
		return imp == "ledger" || imp == "internal/fault"
	case strings.HasPrefix(pkg, "ledger/"):
		return imp == "ledger" || strings.HasPrefix(imp, "ledger/")
	case strings.HasPrefix(pkg, "internal/web/"):
		return imp == "internal/web"
	case strings.HasPrefix(pkg, "cmd/"):
		return true
	}
	name := strings.TrimPrefix(pkg, "internal/")
	mod, face, _ := strings.Cut(name, "/")
	switch {
	case !strings.HasPrefix(pkg, "internal/"):
		return false
	case mod == "app" || mod == "demo":
		return !strings.HasPrefix(imp, "cmd/") && (mod == "demo" || imp != "internal/demo")
	case !slices.Contains(modules, mod):
		return false
	}
	own := "internal/" + mod
	switch {
	case imp == own || strings.HasPrefix(imp, own+"/") && face != "": // the module beneath its faces
		return true
	case strings.HasPrefix(imp, own+"/"): // parts of the module, but not its faces
		return !slices.Contains([]string{"page", "rest"}, path.Base(imp))
	case imp == "ledger" || imp == "internal/fault" || imp == "internal/vault":
		return true
	case imp == "internal/access":
		return true
	case imp == "internal/web" || imp == "internal/rest":
		return face == "page" || face == "rest" || mod == "identity"
	}
	to, _, _ := strings.Cut(imp, "/")
	return slices.Contains(pure, to)
}

func TestArchitecture(t *testing.T) {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports,Doc,Name", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p struct {
			ImportPath, Doc, Name string
			Imports               []string
		}
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimPrefix(p.ImportPath, module)
		if p.Name == "chaperone_test" || pkg == strings.TrimSuffix(module, "/") {
			continue
		}
		if p.Doc == "" {
			t.Errorf("%s has no package comment: say to a stranger what it is", pkg)
		}
		tree, _, _ := strings.Cut(pkg, "/")
		for _, imp := range p.Imports {
			if in, ok := strings.CutPrefix(imp, module); ok && !allowed(pkg, in) {
				t.Errorf("%s may not import %s: see the layers in arch_test.go", pkg, in)
			}
			if why, no := forbidden[imp]; no && slices.Contains(pure, tree) && p.Name != "main" {
				t.Errorf("%s is pure and may not import %s: %s", pkg, imp, why)
			}
		}
	}
}

// A pure package gets the time as an argument, or a decision could not be replayed.
func TestPurePackagesAskNoClock(t *testing.T) {
	for _, tree := range pure {
		out, err := exec.Command("grep", "-rnE", `time\.(Now|Since|Until|After|Tick|Sleep)\(`, "--include=*.go", "--exclude=*_test.go", tree).CombinedOutput()
		if err == nil {
			t.Errorf("a pure package asks the clock:\n%s", out)
		} else if len(out) > 0 {
			t.Error(string(out))
		}
	}
}
