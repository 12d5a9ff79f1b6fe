package table

import (
	"strings"
	"testing"
)

func TestWriteMarkdown(t *testing.T) {
	var b strings.Builder
	if err := WriteMarkdown(&b, [][]string{{"", "OA"}, {"svm", "1.0 ± 2.0"}, {"lda-pca", "–"}}); err != nil {
		t.Fatal(err)
	}
	const want = "|         | OA        |\n|---------|-----------|\n| svm     | 1.0 ± 2.0 |\n| lda-pca | –         |\n"
	if b.String() != want {
		t.Errorf("wrote\n%swant\n%s", b.String(), want)
	}
}
