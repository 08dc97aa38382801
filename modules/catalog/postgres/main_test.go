package postgres

import (
	"testing"

	"bookvault/platform/database/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
