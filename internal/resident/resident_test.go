package resident_test

import (
	"testing"

	"diffclip/internal/resident"
	"diffclip/internal/traintest"
	"diffclip/tensor"
)

// TestAProcessorKeepsNoScene: its backend reads the windows where they are. What a
// device does is tested in package cuda, on a stand-in.
func TestAProcessorKeepsNoScene(t *testing.T) {
	be := tensor.NewCPU(1)
	defer be.Close()
	_, w, _ := traintest.Data(5, 1)
	if r, err := resident.New(be, w, resident.Many); r != nil || err != nil {
		t.Errorf("%v, %v: want neither a scene nor an error", r, err)
	}
}
