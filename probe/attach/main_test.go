package attach

import (
	"testing"

	"evviz/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }
