package record

import (
	"bytes"
	"testing"
	"time"

	"chaperone.example/ledger/leaf"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The stored form is that of the specification, whatever is in the record: what the fast
// encoder writes, the standard one would have written, and it reads back the same.
func TestAppendIsTheCanonicalForm(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", "agreement/7f3a", "söuth\u2028<&>", "a\"b\\c\n\x01\x7f", "\xff\xfe", "日本"}))
	rapid.Check(t, func(t *rapid.T) {
		body, err := leaf.Marshal(map[string]string{text.Draw(t, "name"): text.Draw(t, "value")})
		if err != nil {
			t.Fatal(err)
		}
		r := Record{Seq: rapid.Int64Min(0).Draw(t, "seq"), Stream: text.Draw(t, "stream"), Version: rapid.IntMin(1).Draw(t, "version"), Type: text.Draw(t, "type"),
			Time:  time.Unix(rapid.Int64Range(-62135596800, 253402300799).Draw(t, "second"), rapid.Int64Range(0, 999_999).Draw(t, "micro")*1000).UTC(),
			Actor: Actor{text.Draw(t, "id"), text.Draw(t, "org"), text.Draw(t, "role"), text.Draw(t, "reason")}, Body: body}
		for range rapid.IntRange(0, 3).Draw(t, "parties") {
			r.Parties = append(r.Parties, Party{text.Draw(t, "party"), rapid.Int64().Draw(t, "n")})
		}
		if rapid.Bool().Draw(t, "sealed") {
			r.Sealed = rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "commitment")
		}
		want, err := leaf.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		got, err := r.Append(nil)
		if err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%s (%v), want %s", got, err, want)
		}
	})
}

func TestReadsBack(t *testing.T) {
	r := Record{Seq: 7, Stream: "count/1", Version: 2, Type: "count.added", Time: time.Date(2026, 3, 15, 12, 0, 0, 1000, time.UTC), Actor: Actor{ID: "alice", Org: "north"},
		Parties: []Party{{"north", 3}, {"south", 1}}, Body: []byte(`{"by":1}`)}
	event, err := r.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Row{7, leaf.Opening{Event: event}}.Record()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r, got); diff != "" {
		t.Error(diff)
	}
	if _, err := (Row{8, leaf.Opening{Event: event}}).Record(); err == nil {
		t.Error("record 7 passed for record 8")
	}
	if got.ID() != "1" || !got.Concerns("south") || got.Concerns("east") {
		t.Errorf("id %q, south %v, east %v", got.ID(), got.Concerns("south"), got.Concerns("east"))
	}
}

// A time that has no form in the ledger is refused, not written differently.
func TestTimesThatHaveNoForm(t *testing.T) {
	for _, at := range []time.Time{time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 0, 0, 0, 0, time.FixedZone("", 3600))} {
		if b, err := (Record{Time: at}).Append(nil); err == nil {
			t.Errorf("%v became %s", at, b)
		}
	}
}

// Whatever is stored in the place of a record is read or refused; what is in canonical
// form is written the same again.
func FuzzRecord(f *testing.F) {
	f.Add([]byte(`{"seq":7,"stream":"count/1","version":2,"type":"count.added","time":"2026-03-15T12:00:00.000001Z","actor":{"id":"alice","org":"north"},"parties":[{"org":"north","n":3}],"body":{"by":1}}`))
	f.Add([]byte(`{"seq":7,"stream":"x","version":1,"type":"","time":"0000-01-01T00:00:00Z","actor":{"id":""},"sealed":"AAE=","body":null}`))
	f.Add([]byte(`{"seq":7}`))
	f.Add([]byte(`[]`))
	f.Fuzz(func(t *testing.T, event []byte) {
		r, err := Row{7, leaf.Opening{Event: event}}.Record()
		if err != nil || leaf.Strict(event, new(Record)) != nil {
			return
		}
		again, err := r.Append(nil)
		if err == nil && !bytes.Equal(again, event) {
			t.Errorf("%s is written %s", event, again)
		}
	})
}
