package release_test

import (
	"testing"

	"chaperone.example/internal/release"
	"chaperone.example/ledger"
	"chaperone.example/ledger/scenario"
)

func TestScenarios(t *testing.T) {
	scenario.Run(t, release.Kind, release.Types, ledger.Command[release.Offer](release.Publish{}), release.Download{}, release.Revoke{}, release.Clear{})
}

func TestEventsAreFrozen(t *testing.T) { scenario.Frozen(t, release.Types) }
