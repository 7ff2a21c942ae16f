package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"chaperone.example/internal/fault"
)

func TestOfSeesThroughWrapping(t *testing.T) {
	err := fmt.Errorf("ask: %w", fault.New(fault.Refused, "the agreement %s has ended", "a-1"))
	kind, msg, ok := fault.Of(err)
	if !ok || kind != fault.Refused || msg != "the agreement a-1 has ended" {
		t.Errorf("Of = %q, %q, %v", kind, msg, ok)
	}
	if !fault.Is(err, fault.Refused) || fault.Is(err, fault.Invalid) {
		t.Error("Is does not tell the kinds apart")
	}
}

func TestOfPlainErrorIsInternal(t *testing.T) {
	if _, _, ok := fault.Of(errors.New("disk on fire")); ok {
		t.Error("a plain error passed as a fault")
	}
}

type foreign struct{}

func (foreign) Error() string           { return "no such stream" }
func (foreign) Fault() (string, string) { return "not found", "no such stream" }

func TestOfTakesErrorsOfPureLibraries(t *testing.T) {
	if !fault.Is(fmt.Errorf("read: %w", foreign{}), fault.NotFound) {
		t.Error("an error with a Fault method was not taken for a fault")
	}
}
