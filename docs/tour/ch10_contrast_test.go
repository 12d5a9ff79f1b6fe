package tour_test

import (
	"fmt"

	"diffclip/autograd"
	"diffclip/clip"
	"diffclip/tensor"
)

// Three windows and their three sentences, already of length one.
var (
	imageFeatures = tensor.FromSlice([]float32{1, 0, 0.6, 0.8, 0, 1}, 3, 2)
	textFeatures  = tensor.FromSlice([]float32{0.8, 0.6, 0.6, 0.8, -0.6, 0.8}, 3, 2)
)

// Eq. (12) to (16), operation by operation.
func Example_contrast() {
	for _, temperature := range []float32{0.7, 0.1} {
		tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
		image, text := tape.Input(imageFeatures), tape.Input(textFeatures)
		logits := tape.Scale(tape.MatMul(image, text, false, true), 1/temperature) // similarities over τ
		back := tape.Transpose(logits)

		textGivenImage := tape.Softmax(logits).Value // Eq. (13), Eq. (15)
		imageGivenText := tape.Softmax(back).Value   // Eq. (12), Eq. (14)

		own := []int32{0, 1, 2} // image i belongs to text i
		loss := tape.Scale(tape.Add(tape.CrossEntropy(logits, own), tape.CrossEntropy(back, own)), 0.5)
		fmt.Printf("temperature %.1f: loss %.2f\n", temperature, loss.Value.Item())
		for i := range 3 {
			fmt.Printf("  p(y|x_%d) = %.2f   p(x|y_%d) = %.2f\n", i+1, textGivenImage.Data[3*i:3*i+3], i+1, imageGivenText.Data[3*i:3*i+3])
		}
	}
	// Output:
	// temperature 0.7: loss 0.82
	//   p(y|x_1) = [0.53 0.40 0.07]   p(x|y_1) = [0.33 0.42 0.25]
	//   p(y|x_2) = [0.41 0.43 0.16]   p(x|y_2) = [0.24 0.43 0.32]
	//   p(y|x_3) = [0.27 0.36 0.36]   p(x|y_3) = [0.08 0.30 0.62]
	// temperature 0.1: loss 0.56
	//   p(y|x_1) = [0.88 0.12 0.00]   p(x|y_1) = [0.16 0.81 0.02]
	//   p(y|x_2) = [0.40 0.60 0.00]   p(x|y_2) = [0.02 0.87 0.12]
	//   p(y|x_3) = [0.06 0.47 0.47]   p(x|y_3) = [0.00 0.01 0.99]
}

// Which sentence is nearest to a window.
func Example_nearestText() {
	tape := autograd.NewTape(tensor.NewCPU(1), autograd.Eval)
	window := tape.L2Normalize(tape.Input(tensor.FromSlice([]float32{3, 1}, 1, 2)))
	similarity := tape.MatMul(window, tape.Input(textFeatures), false, true).Value
	fmt.Printf("window %.2f, similarity to the texts %.2f\n", window.Value.Data, similarity.Data)
	fmt.Println("nearest: text", 1+clip.Best(similarity.Data))
	// Output:
	// window [0.95 0.32], similarity to the texts [0.95 0.82 -0.32]
	// nearest: text 1
}
