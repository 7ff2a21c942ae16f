package agreement

import (
	"testing"

	"chaperone.example/ledger/scenario"
)

// AGR-1: what each command does, and when it is refused.
func TestDecisions(t *testing.T) {
	scenario.Run(t, Kind, Types, Offer{}, Amend{}, Renew{}, Sign{}, Withdraw{}, Terminate{})
}

func TestEventsAreFrozen(t *testing.T) { scenario.Frozen(t, Types) }
