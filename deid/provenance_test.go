package deid

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"chaperone.example/deid/r4"
)

func TestProvenance(t *testing.T) {
	const in = "sex,patient_token\nF,secret-7\n"
	j := job(t, CSV, SafeHarbor)
	var out bytes.Buffer
	m, err := Transform(context.Background(), j, strings.NewReader(in), &out)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 7, 1, 12, 0, 0, 0, time.FixedZone("", -4*3600))
	b, err := m.Provenance("Example Hospital", at)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Provenance("Example Hospital", at)
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("it is not the same again: %v", err)
	}
	var p struct {
		ResourceType, Recorded string
		Target                 []struct{ Identifier struct{ Value string } }
		Entity                 []struct {
			Role string
			What struct{ Identifier struct{ Value string } }
		}
		Agent    []struct{ Who struct{ Display string } }
		Activity struct{ Coding []struct{ Code string } }
	}
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	name := func(data []byte) string {
		sum := sha256.Sum256(data)
		return "ni:///sha-256;" + base64.RawURLEncoding.EncodeToString(sum[:])
	}
	if p.ResourceType != "Provenance" || p.Recorded != "2026-07-01T16:00:00Z" || p.Target[0].Identifier.Value != name(out.Bytes()) ||
		p.Entity[0].Role != "source" || p.Entity[0].What.Identifier.Value != name([]byte(in)) || p.Agent[0].Who.Display != "Example Hospital" || p.Activity.Coding[0].Code != "deidentify" {
		t.Errorf("got %s", b)
	}
	if bytes.Contains(b, []byte("secret")) {
		t.Errorf("it holds a value: %s", b)
	}
	// Every member stands in R4's definition of Provenance.
	defs := r4.Load()
	typ, ok := defs.Resource([]byte("Provenance"))
	if !ok {
		t.Fatal("R4 has no Provenance")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		t.Fatal(err)
	}
	for member := range members {
		if _, ok := defs.Member(typ, []byte(member)); !ok && member != "resourceType" {
			t.Errorf("R4 has no Provenance.%s", member)
		}
	}
	m.Profile.Form = LimitedDataSet
	if b, err := m.Provenance("Example Hospital", at); err != nil || !bytes.Contains(b, []byte("pseudonymize")) {
		t.Errorf("a limited data set: %s, %v", b, err)
	}
	if _, err := m.Provenance(" ", at); err == nil {
		t.Error("nobody is accepted")
	}
	if _, err := m.Provenance("x", time.Time{}); err == nil {
		t.Error("no time is accepted")
	}
	if _, err := (Manifest{}).Provenance("x", at); err == nil {
		t.Error("an empty manifest is accepted")
	}
}
