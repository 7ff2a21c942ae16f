// Package canary mints what identifies a synthetic person: words and numbers that
// occur nowhere else, so that whoever finds one where it must not be has found a leak.
package canary

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"chaperone.example/internal/synth/chance"
)

// A Mint makes what must be unique without remembering what it made: each number
// n of a range goes through a bijection of the range (n·a + b modulo its size, a
// prime to the size), and is then spelled. Two persons can therefore never share
// a canary, however many there are.
type Mint struct {
	seed uint64 // of b
	key  []byte // for keyed tokens
}

// New returns the mint of a seed.
func New(seed uint64) Mint {
	d := chance.New(seed, chance.ForTokens, 0)
	key := make([]byte, 0, 32)
	for range 4 {
		key = binary.BigEndian.AppendUint64(key, d.Uint64())
	}
	return Mint{seed: d.Uint64(), key: key}
}

// stride is prime to 2, 3, 5 and 89, and so to the size of every range below.
const stride = 31_415_927

// The kinds of numbers; each has a b of its own, so that one number of a person does
// not betray another. Stems of all places share one range and one b.
const (
	stems = iota
	ssns
	mrns
	phones
	plans
	licences
)

func (m Mint) scatter(kind int, n, size uint64) uint64 {
	return (n%size*stride + chance.Mix(m.seed+uint64(kind))%size) % size
}

// A stem is pronounceable and no word of any language we know: an onset, a vowel
// and a closing consonant; a consonant and a vowel; and a syllable that begins as
// no English syllable does. The structure never varies, so the spelling can be read
// in one way only: different numbers have different stems. No first onset ends in
// another one, so that no stem is part of another.
var (
	firstOnsets  = [...]string{"b", "d", "f", "g", "h", "k", "m", "n", "p", "s", "t", "v", "br", "dr", "fr", "gr", "kr", "pr", "tr", "bl", "fl", "gl", "kl", "sl"}
	secondOnsets = [...]string{"b", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "j", "z", "w", "sh", "ch", "th"}
	lastOnsets   = [...]string{"z", "zh", "vr", "zr", "dv", "gv", "zv", "dz", "kh", "vl", "zl", "kz", "tz", "gz", "zd", "jh"}
	vowels       = [...]string{"a", "e", "i", "o", "u"}
	codas        = [...]string{"l", "n", "r", "s", "m"}
	nothing      = [...]string{""}
)

const (
	rimes     = uint64(len(vowels) * len(codas))
	stemCount = uint64(len(firstOnsets)*len(secondOnsets)*len(vowels)*len(lastOnsets)) * rimes * rimes // 24 million
)

// The places of a person where a stem is planted.
const (
	InSurname = iota
	InStreet
	InEmail
	InEmployer
	InContact
	InPortal
	stemPlaces
)

// MaxPeople is the number of persons whose canaries are all different.
const MaxPeople = 3_000_000

// Stem returns the unique word planted in a place of a person, in lower case, eight
// to eleven letters.
func (m Mint) Stem(person, place int) string {
	n := m.scatter(stems, uint64(person)*stemPlaces+uint64(place), stemCount)
	out := make([]byte, 0, 12)
	spell := func(of []string) {
		out = append(out, of[n%uint64(len(of))]...)
		n /= uint64(len(of))
	}
	for _, syllable := range [][2][]string{{firstOnsets[:], codas[:]}, {secondOnsets[:], nothing[:]}, {lastOnsets[:], codas[:]}} {
		spell(syllable[0])
		spell(vowels[:])
		spell(syllable[1])
	}
	return string(out)
}

// SSN returns a number the Social Security Administration never issues (areas
// from 900 up) nor the tax office (groups below 50).
func (m Mint) SSN(person int) string {
	n := m.scatter(ssns, uint64(person), 100*40*10_000)
	return fmt.Sprintf("9%02d-%02d-%04d", n/400_000, 10+n/10_000%40, n%10_000)
}

// MaxMemberships is the number of hospitals one person can be a patient of.
const MaxMemberships = 3

// MRN returns a medical record number: the hospital's two letters and nine digits.
func (m Mint) MRN(prefix string, person, membership int) string {
	return fmt.Sprintf("%s%09d", prefix, m.scatter(mrns, uint64(person*MaxMemberships+membership), 1_000_000_000))
}

// Phone returns a number of the exchange 555, which is kept for fiction and
// directory service. which is 0 for the person, 1 for the contact.
func (m Mint) Phone(person, which int) string {
	n := m.scatter(phones, uint64(person*2+which), 712*10_000)
	hundreds, rest := 2+n/10_000/89, n/10_000%89
	if rest >= 11 {
		rest++ // N11 is no area code
	}
	return fmt.Sprintf("%d%02d-555-%04d", hundreds, rest, n%10_000)
}

// Plan returns a Medicare beneficiary identifier with the letter S in second
// place, which CMS uses for synthetic people only.
func (m Mint) Plan(person int) string {
	const letters = "ACDEFGHJKMNPQRTUVWXY"
	n := m.scatter(plans, uint64(person), 10*10*20*20*10*20*20*100)
	at := func(base uint64) uint64 { r := n % base; n /= base; return r }
	return fmt.Sprintf("1S%d%d-%c%c%d-%c%c%02d", at(10), at(10), letters[at(20)], letters[at(20)], at(10),
		letters[at(20)], letters[at(20)], at(100))
}

// Licence returns a driver's licence number.
func (m Mint) Licence(person int) string {
	n := m.scatter(licences, uint64(person), 100_000_000)
	return fmt.Sprintf("S%02d-%03d-%03d", n/1_000_000, n/1000%1000, n%1000)
}

// Keyed returns a token of size bytes in hexadecimal that only the key's holder can
// compute: HMAC-SHA-256 over a label and numbers (RFC 2104).
func (m Mint) Keyed(size int, label string, numbers ...int) string {
	h := hmac.New(sha256.New, m.key)
	h.Write([]byte(label))
	var b [8]byte
	for _, n := range numbers {
		binary.BigEndian.PutUint64(b[:], uint64(n))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil)[:size])
}

// UUID returns a keyed token in the form of a UUID.
func (m Mint) UUID(label string, numbers ...int) string {
	h := m.Keyed(16, label, numbers...)
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-a" + h[17:20] + "-" + h[20:]
}
