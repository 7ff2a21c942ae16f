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
	if !errors.Is(err, fault.Refused) || errors.Is(err, fault.Invalid) {
		t.Error("errors.Is does not tell the kinds apart")
	}
}

func TestOfPlainErrorIsInternal(t *testing.T) {
	if _, _, ok := fault.Of(errors.New("disk on fire")); ok {
		t.Error("a plain error passed as a fault")
	}
}
