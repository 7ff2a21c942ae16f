package request_test

import (
	"slices"
	"testing"

	"chaperone.example/internal/request"
)

func TestWorded(t *testing.T) {
	names := map[string]string{
		"o-birch": "Birch Hospital", "o-birch-north": "Birch North", "a-1": "the data use agreement of Birch Hospital with Lake Collaborative",
		"a-12": "the business associate agreement of Birch North with Lake Collaborative",
	}
	for _, tt := range []struct{ name, in, want string }{
		{"version of an agreement", "a-12 v2 is not signed", "version 2 of the business associate agreement of Birch North with Lake Collaborative is not signed"},
		{"an id that begins another", "o-birch-north and o-birch", "Birch North and Birch Hospital"},
		{"an agreement between others", "a-secret-7 v1 was terminated on 2026-11-24", "version 1 of an agreement between others was terminated on Nov 24, 2026"},
		{"no day", "the number 2026-13-45 stays", "the number 2026-13-45 stays"},
		{"citations stay", "45 CFR 164.514(a)-(c), 164.504(e)(2)(ii)(C)", "45 CFR 164.514(a)-(c), 164.504(e)(2)(ii)(C)"},
	} {
		if got := request.Worded(names, tt.in); got != tt.want {
			t.Errorf("%s: Worded(%q) = %q, want %q", tt.name, tt.in, got, tt.want)
		}
	}
	if got, want := request.Agreements("a-2 v1 lacks a term; a-10-x v1 ends; a-2 v1"), []string{"a-10-x", "a-2"}; !slices.Equal(got, want) {
		t.Errorf("Agreements = %v, want %v", got, want)
	}
}
