package leaf

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func opening(tags ...[]byte) Opening {
	return Opening{Salt: bytes.Repeat([]byte{7}, SaltSize), Tags: tags, Event: []byte(`{"seq":3}`)}
}

// What a leaf is, frozen: another program that follows the specification in the package
// comment of ledger must come to these bytes (computed with sha256sum and openssl).
func TestTheFormIsFrozen(t *testing.T) {
	key := PartyKey(make([]byte, 32), "north")
	data, err := opening(PartyTag(key, 1)).Bytes(3)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"v":1,"n":3,"c":"CmVWTD9bRRpa34h8h0t84IgzccJf7yA2OQl2+P6aLug=","t":["IpV6gQjbIhOw2xW8WhcDjg=="]}`
	if string(data) != want {
		t.Errorf("%s, want %s", data, want)
	}
}

// The fast encoder writes what the standard one would, and the leaf reads back.
func TestBytesAreTheCanonicalForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Closed{V: 1, N: rapid.Int64Min(0).Draw(t, "n"), Commitment: rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "c")}
		for range rapid.IntRange(0, 4).Draw(t, "tags") {
			c.Tags = append(c.Tags, rapid.SliceOfN(rapid.Byte(), TagSize, TagSize).Draw(t, "tag"))
		}
		slices.SortFunc(c.Tags, bytes.Compare)
		c.Tags = slices.CompactFunc(c.Tags, bytes.Equal)
		want, err := Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Bytes(); !bytes.Equal(got, want) {
			t.Fatalf("%s, want %s", got, want)
		}
		again, err := Parse(want)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, again); diff != "" {
			t.Error(diff)
		}
	})
}

// An opening shows one event and no other: a bit anywhere else gives another leaf.
func TestAnOpeningBinds(t *testing.T) {
	o := opening(bytes.Repeat([]byte{1}, TagSize))
	want, err := o.Bytes(3)
	if err != nil {
		t.Fatal(err)
	}
	for name, part := range map[string][]byte{"salt": o.Salt, "event": o.Event, "tag": o.Tags[0]} {
		for i := range part {
			part[i] ^= 1
			if got, err := o.Bytes(3); err != nil || bytes.Equal(got, want) {
				t.Errorf("byte %d of the %s does not count (%v)", i, name, err)
			}
			part[i] ^= 1
		}
	}
	if got, _ := o.Bytes(4); bytes.Equal(got, want) {
		t.Error("the position does not count")
	}
}

// The tags of two parties, or of two events, are never the same, and a tagger that is
// used again gives what a new one gives.
func TestTags(t *testing.T) {
	secret := bytes.Repeat([]byte{9}, 32)
	seen := map[string]bool{}
	for _, org := range []string{"", "north", "south"} {
		key := PartyKey(secret, org)
		again := NewTagger(key)
		for n := range int64(50) {
			tag := again.Tag(n)
			if len(tag) != TagSize || !bytes.Equal(tag, PartyTag(key, n)) {
				t.Errorf("tag %d of %q: %x, want %x", n, org, tag, PartyTag(key, n))
			}
			if seen[string(tag)] {
				t.Errorf("tag %d of %q is another's", n, org)
			}
			seen[string(tag)] = true
		}
	}
	var tags [][]byte
	for tag := range seen {
		tags = append(tags, []byte(tag))
	}
	back, err := UnpackTags(PackTags(tags))
	if err != nil || !slices.EqualFunc(back, tags, bytes.Equal) {
		t.Errorf("packed and unpacked: %x (%v), want %x", back, err, tags)
	}
	if _, err := UnpackTags(make([]byte, TagSize+1)); err == nil {
		t.Error("half a tag passed")
	}
	if PackTags(nil) == nil {
		t.Error("no tags became null")
	}
}

// What is not exactly a leaf of version 1 is refused.
func TestParseIsStrict(t *testing.T) {
	good, err := opening([]byte("0123456789abcdef"), []byte("1123456789abcdef")).Bytes(3)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	swap := func(old, now string) []byte { return bytes.Replace(good, []byte(old), []byte(now), 1) }
	for name, bad := range map[string][]byte{
		"empty": nil, "white space": append([]byte(" "), good...), "trailing": append(good, ' '), "another version": swap(`"v":1`, `"v":2`),
		"a negative position": swap(`"n":3`, `"n":-3`), "a leading zero": swap(`"n":3`, `"n":03`), "an unknown member": swap(`"v":1`, `"v":1,"x":1`),
		"a member twice": swap(`"v":1`, `"v":1,"v":1`), "another case": swap(`"v"`, `"V"`), "no commitment": swap(`"c":"`, `"c":"","d":"`),
		"null": []byte("null"), "tags out of order": swap("MDEy", "MjEy"),
	} {
		if c, err := Parse(bad); err == nil {
			t.Errorf("%s: %s passed as %+v", name, bad, c)
		}
	}
	for i := range good { // base64 with bits that do not count, too
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if c, err := Parse(bad); err == nil && bytes.Equal(c.Bytes(), good) {
				t.Errorf("bit %d of byte %d does not count", bit, i)
			}
		}
	}
}

// Whatever passes is the one form of what it says.
func FuzzParse(f *testing.F) {
	for _, o := range []Opening{opening(), opening([]byte("0123456789abcdef")), opening([]byte("0123456789abcdef"), []byte("1123456789abcdef"))} {
		data, err := o.Bytes(255)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"v":1,"n":0,"c":"","t":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		if got := c.Bytes(); !bytes.Equal(got, data) {
			t.Errorf("%q passed, and is written %q", data, got)
		}
	})
}

func FuzzUnpackTags(f *testing.F) {
	f.Add([]byte{})
	f.Add(make([]byte, 2*TagSize))
	f.Add(make([]byte, TagSize+1))
	f.Fuzz(func(t *testing.T, data []byte) {
		tags, err := UnpackTags(data)
		if err == nil && !bytes.Equal(PackTags(tags), data) {
			t.Errorf("%x is written %x", data, PackTags(tags))
		}
	})
}

// A string is written as the standard library writes it, without the escaping of HTML.
func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "agreement/7f3a", "söuth\u2028<&>", "a\"b\\c\n\x01\x7f", "\xff\xfe", "日本"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		want, err := Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got := AppendString(nil, s); !bytes.Equal(got, want) || !json.Valid(got) {
			t.Errorf("%s, want %s", got, want)
		}
	})
}
