package release_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"chaperone.example/deid"
	"chaperone.example/internal/fault"
	"chaperone.example/internal/release"
	"chaperone.example/internal/release/releasetest"
	"chaperone.example/internal/synth"
	"chaperone.example/ledger"
	"chaperone.example/ledger/ledgertest"
	"filippo.io/age"
)

// unpack opens a package with a private key and returns its files.
func unpack(t *testing.T, sealed []byte, key *age.X25519Identity) map[string][]byte {
	t.Helper()
	r, err := age.Decrypt(bytes.NewReader(sealed), key)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(plain), int64(len(plain)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// fetch downloads a package as an actor and opens it with the actor's key.
func fetch(t *testing.T, w *releasetest.World, a ledger.Actor, id string) map[string][]byte {
	t.Helper()
	sealed, err := w.Fetch(a, id)
	if err != nil {
		t.Fatal(err)
	}
	return unpack(t, sealed, w.Persons[a.ID])
}

// rows reads a table into one map a row.
func rows(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []map[string]string
	for _, r := range all[1:] {
		m := map[string]string{}
		for i, name := range all[0] {
			m[name] = r[i]
		}
		out = append(out, m)
	}
	return out
}

// inPopulation computes anew, without the product, whether a row of the extract is
// what releasetest.Permit describes.
func inPopulation(t *testing.T, r map[string]string) bool {
	t.Helper()
	age, err := strconv.Atoi(r["age_years"])
	if err != nil {
		t.Fatal(err)
	}
	day := r["discharge_dt"][:10]
	return r["class"] == "I" && age >= 18 && day >= "2024-02-01" && day <= "2024-05-31"
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// REL-1: a package holds the rows of the population and the elements of the decision,
// and nothing that identifies anybody; its hashes are those on record.
func TestPackageOfEncounters(t *testing.T) {
	for _, form := range []string{"safe-harbor", "limited"} {
		t.Run(form, func(t *testing.T) {
			w := releasetest.Open(t)
			p := releasetest.Permit()
			p.Form = form
			w.Grant("q-1", p)
			o := w.Release("r-1", "q-1")
			sealed, err := w.Fetch(releasetest.Coordinator, "r-1")
			if err != nil {
				t.Fatal(err)
			}
			if digest(sealed) != o.SHA256 || int64(len(sealed)) != o.Bytes {
				t.Error("the package fetched is not the one on record")
			}
			files := unpack(t, sealed, w.Persons[releasetest.Coordinator.ID])
			if got := slices.Sorted(maps.Keys(files)); !slices.Equal(got, []string{"README.txt", "TERMS.txt", "data-1.csv", "data-1.manifest.json"}) {
				t.Fatalf("files %v", got)
			}
			want, patients := 0, map[string]bool{}
			for _, r := range rows(t, w.File(releasetest.Encounters)) {
				if inPopulation(t, r) {
					want++
					patients[r["patient_token"]] = true
				}
			}
			delete(patients, "")
			got := rows(t, files["data-1.csv"])
			if len(got) != want || want < 5 {
				t.Errorf("%d rows, want %d", len(got), want)
			}
			if o.Patients != len(patients) || o.Files[0].Records != int64(want) || o.Files[0].Excluded != int64(len(rows(t, w.File(releasetest.Encounters)))-want) {
				t.Errorf("on record: %d patients (want %d), %+v", o.Patients, len(patients), o.Files[0])
			}
			dates := map[string]string{"safe-harbor": "2024", "limited": "2024-"}
			for _, r := range got {
				for _, withheld := range []string{"race_eth", "payer", "total_cost", "admit_dt", "disposition"} {
					if _, ok := r[withheld]; ok {
						t.Fatalf("the column %s was not decided", withheld)
					}
				}
				if d := r["discharge_dt"]; !strings.HasPrefix(d, dates[form]) || form == "safe-harbor" && d != "2024" {
					t.Fatalf("discharge %q in form %s", d, form)
				}
				if n, err := strconv.Atoi(r["age_years"]); err != nil || n < 18 || n > 90 {
					t.Fatalf("age %q", r["age_years"])
				}
			}
			if f := o.Files[0]; digest(files["data-1.csv"]) != f.SHA256 || f.Source != digest(w.File(releasetest.Encounters)) {
				t.Error("the hashes on record are not those of the file and its source")
			}
			checkManifest(t, w, files, "data-1", releasetest.Encounters, want)
			for _, words := range []string{"decision-1", "Destroy every copy by 2026-09-11", digest(files["data-1.csv"]), "45 CFR 164.502(e)(1)(i)"} {
				if !strings.Contains(string(files["README.txt"]), words) {
					t.Errorf("README.txt does not say %q:\n%s", words, files["README.txt"])
				}
			}
			if !strings.Contains(string(files["TERMS.txt"]), "1. No further use (45 CFR 164.504(e)(2)(ii)(A))") {
				t.Errorf("TERMS.txt: %s", files["TERMS.txt"])
			}
			sweep(t, w, files)
		})
	}
}

// sweep fails the test if a file holds a planted identifier of anybody, or the name of
// the token of anybody.
func sweep(t *testing.T, w *releasetest.World, files map[string][]byte) {
	t.Helper()
	s := synth.NewSweep(w.Truth.Canaries())
	for name, data := range files {
		if found, err := s.Find(bytes.NewReader(data)); err != nil || len(found) > 0 {
			t.Errorf("%s holds %d planted identifiers (%v)", name, len(found), err)
		}
		for _, p := range w.Truth.People {
			if p.Token != "" && bytes.Contains(data, []byte(p.Token)) {
				t.Errorf("%s holds a token of the hospital", name)
			}
			for _, m := range p.Memberships {
				if bytes.Contains(data, []byte(m.MRN)) || bytes.Contains(data, []byte(m.Patient)) {
					t.Errorf("%s holds an identifier of the hospital", name)
				}
			}
		}
	}
}

func checkManifest(t *testing.T, w *releasetest.World, files map[string][]byte, name, dataset string, out int) {
	t.Helper()
	var m deid.Manifest
	if err := json.Unmarshal(files[name+".manifest.json"], &m); err != nil {
		t.Fatal(err)
	}
	data := files[name+".csv"]
	if data == nil {
		data = files[name+".ndjson"]
	}
	if m.Input.SHA256 != digest(w.File(dataset)) || m.Input.Bytes != int64(len(w.File(dataset))) || m.Output.SHA256 != digest(data) {
		t.Errorf("manifest: input %+v, output %+v", m.Input, m.Output)
	}
	in := bytes.Count(w.File(dataset), []byte("\n"))
	if m.Format == deid.CSV {
		in-- // the header
	}
	if m.Records.Out != uint64(out) || m.Records.In != uint64(in) || m.Records.In < m.Records.Out+m.Records.Filtered {
		t.Errorf("manifest: records %+v, want %d in, %d out", m.Records, in, out)
	}
}

// REL-1, minimum necessary: a FHIR package holds the stays of the population and what
// belongs to them, not the patients' other stays.
func TestPackageOfResources(t *testing.T) {
	for _, form := range []string{"safe-harbor", "limited"} {
		t.Run(form, func(t *testing.T) {
			w := releasetest.Open(t)
			p := releasetest.Permit()
			p.Form, p.Datasets = form, []string{releasetest.Encounters, releasetest.Resources}
			p.Elements = append(p.Elements, "clinical.condition", "clinical.observation", "encounter.status")
			w.Grant("q-1", p)
			o := w.Release("r-1", "q-1")
			files := fetch(t, w, releasetest.Coordinator, "r-1")
			want, patients := 0, map[string]bool{}
			for _, r := range rows(t, w.File(releasetest.Encounters)) {
				if inPopulation(t, r) {
					want++
				}
			}
			count := map[string]int{}
			given, of := map[string]bool{}, map[string]bool{} // encounters, and those that others belong to
			for line := range bytes.Lines(files["data-2.ndjson"]) {
				var x struct {
					ResourceType, ID string
					Class            struct{ Code string }
					Subject          struct{ Reference string }
					Encounter        struct{ Reference string }
				}
				if err := json.Unmarshal(line, &x); err != nil {
					t.Fatal(err)
				}
				count[x.ResourceType]++
				if e := x.Encounter.Reference; e != "" {
					of[e] = true
				}
				if x.ResourceType == "Encounter" {
					given["Encounter/"+x.ID] = true
					patients[x.Subject.Reference] = true
					if x.Class.Code != "IMP" {
						t.Errorf("an encounter of class %q: only inpatients were decided", x.Class.Code)
					}
				}
			}
			for e := range of {
				if !given[e] {
					t.Errorf("a resource of an encounter that is not in the population")
				}
			}
			if len(of) == 0 {
				t.Error("nothing belongs to an encounter")
			}
			if count["Encounter"] != want {
				t.Errorf("%d encounters, want the %d of the extract of the same people", count["Encounter"], want)
			}
			if count["Patient"] != len(patients) || count["Condition"] == 0 || count["Observation"] == 0 {
				t.Errorf("resources %v of %d patients", count, len(patients))
			}
			for _, withheld := range []string{"MedicationRequest", "Claim", "DocumentReference", "Procedure", "Immunization"} {
				if count[withheld] > 0 {
					t.Errorf("%d resources %s, which were not decided", count[withheld], withheld)
				}
			}
			// Both files are of the same people: they count once.
			if o.Patients != len(patients) {
				t.Errorf("%d patients on record, want %d", o.Patients, len(patients))
			}
			n := 0
			for _, c := range count {
				n += c
			}
			checkManifest(t, w, files, "data-2", releasetest.Resources, n)
			sweep(t, w, files)
		})
	}
}

// The two filters agree on diagnoses and ages, however the files say them.
func TestPopulationByDiagnosis(t *testing.T) {
	w := releasetest.Open(t)
	p := releasetest.Permit()
	p.Datasets = []string{releasetest.Encounters, releasetest.Resources}
	p.Classes, p.Diagnoses, p.MinAge, p.MaxAge = nil, []string{"I10", "E11"}, 40, 74
	w.Grant("q-1", p)
	o := w.Release("r-1", "q-1")
	want := 0
	for _, r := range rows(t, w.File(releasetest.Encounters)) {
		n, _ := strconv.Atoi(r["age_years"])
		listed := false
		for i := range 25 {
			dx := r["dx"+strconv.Itoa(i+1)]
			listed = listed || strings.HasPrefix(dx, "I10") || strings.HasPrefix(dx, "E11")
		}
		if day := r["discharge_dt"][:10]; listed && n >= 40 && n <= 74 && day >= "2024-02-01" && day <= "2024-05-31" {
			want++
		}
	}
	if o.Files[0].Records != int64(want) || want == 0 {
		t.Errorf("%d rows, want %d", o.Files[0].Records, want)
	}
	files := fetch(t, w, releasetest.Coordinator, "r-1")
	if n := bytes.Count(files["data-2.ndjson"], []byte(`"resourceType":"Encounter"`)); n != want {
		t.Errorf("%d encounters, want %d", n, want)
	}
}

// REL-1: codes are a recipient's own, the same in all it gets, and another's are others.
func TestCodesAreTheRecipientsOwn(t *testing.T) {
	for _, form := range []string{"safe-harbor", "limited"} {
		t.Run(form, func(t *testing.T) {
			w := releasetest.Open(t)
			tokens := func(id string, a ledger.Actor, p release.Permit) []string {
				t.Helper()
				p.Form = form
				w.Grant("q-"+id, p)
				w.Release(id, "q-"+id)
				var out []string
				for _, r := range rows(t, fetch(t, w, a, id)["data-1.csv"]) {
					if r["patient_token"] != "" {
						out = append(out, r["patient_token"])
					}
				}
				return out
			}
			first := tokens("r-1", releasetest.Coordinator, releasetest.Permit())
			again := tokens("r-2", releasetest.Analyst, releasetest.Permit())
			p := releasetest.Permit()
			p.Recipient, p.People = releasetest.University.Org, []string{releasetest.University.ID}
			other := tokens("r-3", releasetest.University, p)
			if len(first) == 0 || !slices.Equal(first, again) {
				t.Error("two releases to one recipient name the same people differently")
			}
			for _, x := range other {
				if slices.Contains(first, x) {
					t.Fatal("two recipients hold the same code: they can put their data together")
				}
			}
		})
	}
}

// What was built is not kept when it cannot be offered.
func TestNothingIsLeftOfAFailure(t *testing.T) {
	release1 := func(t *testing.T, w *releasetest.World, want fault.Kind, words string) {
		t.Helper()
		_, err := w.Builder.Release(t.Context(), releasetest.Steward, "r-1", "q-1", release.Lifetime)
		if err == nil || want != "" && !fault.Is(err, want) || !strings.Contains(err.Error(), words) {
			t.Errorf("%v, want %s: … %s", err, want, words)
		}
		if left := w.Objects(); len(left) > 0 {
			t.Errorf("%d objects are left in the vault", len(left))
		}
		if rows, err := ledger.Ask(t.Context(), w.Desk, releasetest.Steward, release.List{}); err != nil || len(rows) > 0 {
			t.Errorf("%d releases are listed (%v)", len(rows), err)
		}
	}
	t.Run("identifiable data", func(t *testing.T) {
		w := releasetest.Open(t)
		p := releasetest.Permit()
		p.Form = "identified"
		w.Grant("q-1", p)
		release1(t, w, fault.Refused, "only in de-identified form or as a limited data set")
	})
	t.Run("nobody has a key", func(t *testing.T) {
		w := releasetest.Open(t)
		p := releasetest.Permit()
		p.People = []string{releasetest.Colleague.ID}
		w.Grant("q-1", p)
		release1(t, w, fault.Refused, "has registered a key")
	})
	t.Run("nobody is in the population", func(t *testing.T) {
		w := releasetest.Open(t)
		p := releasetest.Permit()
		p.From, p.Until = "2019-01-01", "2019-12-31"
		w.Grant("q-1", p)
		release1(t, w, fault.Refused, "nothing to release")
	})
	t.Run("the stored file was altered", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		w.Tamper(releasetest.Encounters, bytes.Replace(w.File(releasetest.Encounters), []byte(",I,"), []byte(",E,"), 1))
		release1(t, w, "", "is not what was received")
	})
	t.Run("a line is cut off", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		data := w.File(releasetest.Encounters)
		w.Put(releasetest.Encounters, deid.CSV, data[:len(data)-300])
		release1(t, w, fault.Invalid, "dataset d-encounters cannot be released: line")
	})
	t.Run("the second dataset fails", func(t *testing.T) {
		w := releasetest.Open(t)
		p := releasetest.Permit()
		p.Datasets = []string{releasetest.Encounters, releasetest.Resources}
		w.Grant("q-1", p)
		data := w.File(releasetest.Resources)
		w.Put(releasetest.Resources, deid.FHIR, append(bytes.Clone(data), `{"resourceType":"Organization","name":`+"\n"...))
		release1(t, w, fault.Invalid, "dataset d-resources cannot be released")
	})
	t.Run("the caller has gone", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		ctx, cancel := context.WithCancel(t.Context())
		w.Opening = cancel
		if _, err := w.Builder.Release(ctx, releasetest.Steward, "r-1", "q-1", release.Lifetime); !errors.Is(err, context.Canceled) {
			t.Errorf("after the caller went: %v", err)
		}
		if left := w.Objects(); len(left) > 0 {
			t.Errorf("%d objects are left", len(left))
		}
	})
	t.Run("the permission ends while it is built", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		w.Opening = func() { w.End("q-1") }
		release1(t, w, fault.Refused, "was terminated on 2026-03-15")
	})
	t.Run("the decision changes while it is built", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		p := releasetest.Permit()
		p.Decision, p.Elements = "decision-2", p.Elements[:3]
		w.Opening = func() { w.Change("q-1", p) }
		release1(t, w, fault.Conflict, "build it again")
	})
	t.Run("the dataset is replaced while it is built", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		w.Opening = func() {
			s := w.Sources[releasetest.Encounters]
			s.SHA256 = strings.Repeat("0", 64)
			w.Sources[releasetest.Encounters] = s
		}
		release1(t, w, fault.Conflict, "a dataset was replaced")
	})
	t.Run("the permission ends between the last look and the record", func(t *testing.T) {
		w := releasetest.Open(t)
		w.Grant("q-1", releasetest.Permit())
		// The plan reads the permission first; publishing reads it again, and it ends right
		// after: only the guard on its stream can tell.
		w.Opening = func() { w.Between = func() { w.End("q-1") } }
		release1(t, w, fault.Refused, "was terminated on 2026-03-15")
	})
}

// A form that is sent twice builds once; its id used for something else is a conflict.
func TestReleaseTwice(t *testing.T) {
	w := releasetest.Open(t)
	w.Grant("q-1", releasetest.Permit())
	w.Grant("q-2", releasetest.Permit())
	id := release.NewID(releasetest.Steward, "key-1")
	first, err := w.Builder.Release(t.Context(), releasetest.Steward, id, "q-1", release.Lifetime)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.Builder.Release(t.Context(), releasetest.Steward, id, "q-1", release.Lifetime)
	if err != nil || !again.Repeated || again.First != first.First {
		t.Errorf("again: %+v, %v", again, err)
	}
	if n := len(w.Objects()); n != 2 {
		t.Errorf("%d objects, want a package and an index", n)
	}
	if _, err := w.Builder.Release(t.Context(), releasetest.Steward, id, "q-2", release.Lifetime); !fault.Is(err, fault.Conflict) {
		t.Errorf("the id for another request: %v", err)
	}
	for _, life := range []time.Duration{0, -time.Hour, release.MaxLifetime + time.Second} {
		if _, err := w.Builder.Release(t.Context(), releasetest.Steward, "r-9", "q-1", life); !fault.Is(err, fault.Invalid) {
			t.Errorf("for %v: %v", life, err)
		}
	}
	ledgertest.CheckRebuild(t, w.Desk.Log)
}

// A field that the steward set to an element that the decision withholds does not go.
func TestCorrectedFields(t *testing.T) {
	w := releasetest.Open(t)
	p := releasetest.Permit()
	p.Datasets = []string{releasetest.Encounters}
	w.Grant("q-1", p)
	s := w.Sources[releasetest.Encounters]
	s.Corrected = map[string]string{"los_days": "patient.mrn"}
	w.Sources[releasetest.Encounters] = s
	w.Release("r-1", "q-1")
	if _, ok := rows(t, fetch(t, w, releasetest.Coordinator, "r-1")["data-1.csv"])[0]["los_days"]; ok {
		t.Error("a column that holds record numbers, as the steward found, was released")
	}
	p.Datasets = []string{releasetest.Resources}
	p.Elements = append(p.Elements, "clinical.condition")
	w.Grant("q-2", p)
	s = w.Sources[releasetest.Resources]
	s.Corrected = map[string]string{"Condition.code.text": "clinical.note"}
	w.Sources[releasetest.Resources] = s
	if _, err := w.Builder.Release(t.Context(), releasetest.Steward, "r-2", "q-2", release.Lifetime); !fault.Is(err, fault.Refused) || !strings.Contains(err.Error(), "Condition.code.text") {
		t.Errorf("a FHIR field that cannot be taken apart: %v", err)
	}
}
