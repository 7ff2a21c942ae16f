package page

import (
	"testing"

	"chaperone.example/ledger"
)

func TestRecordsAreWordedInNames(t *testing.T) {
	names := titles{
		"o-birch": "Birch Hospital", "u-1": "Robin Sample", "request/q-1": "“Shorter stays”, asked of Birch Hospital", "release/r-1": "to Lake Collaborative",
		"agreement/a-1": "data use agreement of Birch Hospital with Lake Collaborative", "organization/o-birch": "Birch Hospital",
	}
	for stream, want := range map[string]string{
		"request/q-1": "Request: “Shorter stays”, asked of Birch Hospital", "release/r-1": "Release to Lake Collaborative",
		"agreement/a-1": "Data use agreement of Birch Hospital with Lake Collaborative", "organization/o-birch": "Birch Hospital",
		"request/q-2": "Request q-2", "unheard/x-1": "unheard/x-1",
	} {
		if got := names.about(stream); got != want {
			t.Errorf("about(%s) = %q, want %q", stream, got, want)
		}
	}
	for _, tt := range []struct {
		actor ledger.Actor
		want  string
	}{
		{ledger.Actor{ID: "u-1", Org: "o-birch", Role: "data-steward"}, "Robin Sample, Birch Hospital"},
		{ledger.Actor{ID: "u-2", Org: "o-birch", Role: "msp-technician"}, "MSP technician, Birch Hospital"},
		{ledger.Actor{ID: "u-2", Org: "o-birch"}, "A person, Birch Hospital"},
		{ledger.Actor{ID: "set-up"}, "Set-up"},
	} {
		if got := names.actor(tt.actor); got != tt.want {
			t.Errorf("actor(%+v) = %q, want %q", tt.actor, got, tt.want)
		}
	}
	if got := words("release.log-viewed"); got != "Disclosure log read" {
		t.Errorf("words = %q", got)
	}
	if got := words("agreement.signed"); got != "Agreement signed" {
		t.Errorf("words = %q", got)
	}
	if got := page("request/q-1"); got != "/requests/q-1" {
		t.Errorf("page = %q", got)
	}
	if got := page("user/u-1"); got != "" {
		t.Errorf("a person has the page %q", got)
	}
}
