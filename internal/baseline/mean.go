package baseline

import "context"

// NearestMean gives a sample to the class whose training samples have the nearest mean.
type NearestMean struct {
	classes []int
	means   [][]float64 // (classes, d)
}

// Fit implements Classifier.
func (m *NearestMean) Fit(_ context.Context, x [][]float64, y []int) error {
	m.means = nil
	if err := checkTraining("nearest mean", x, y); err != nil {
		return err
	}
	var at []int
	m.classes, at = presentClasses(y)
	m.means, _ = classMeans(x, at, len(m.classes))
	return nil
}

// Predict implements Classifier.
func (m *NearestMean) Predict(x [][]float64) []int {
	width := 0
	if m.means != nil {
		width = len(m.means[0])
	}
	checkWidth("nearest mean", x, width)
	out := make([]int, len(x))
	nearness := make([]float64, len(m.means))
	for i, row := range x {
		for k, mean := range m.means {
			nearness[k] = -squaredDistance(row, mean)
		}
		out[i] = m.classes[argmax(nearness)]
	}
	return out
}

// classMeans returns the mean of every class, (k, d), and how many samples it has. at is the class of each sample.
func classMeans(x [][]float64, at []int, k int) (means [][]float64, counts []float64) {
	means, counts = make([][]float64, k), make([]float64, k)
	for c := range means {
		means[c] = make([]float64, len(x[0]))
	}
	for i, row := range x {
		counts[at[i]]++
		for j, v := range row {
			means[at[i]][j] += v
		}
	}
	for c, mean := range means {
		for j := range mean {
			mean[j] /= counts[c]
		}
	}
	return means, counts
}
