package main

// equation is one numbered equation of the paper.
type equation struct {
	latex string // as printed
	says  string // in plain words
	tests []test
}

// test names a test function and the package folder it is in.
type test struct{ dir, name string }

var (
	markovChain   = test{"diffusion", "TestNoiseIsTheProductOfSteps"}
	corruptPixels = test{"diffusion", "TestCorruptedPixels"}
	posterior     = test{"diffusion", "TestPosteriorIsBayes"}
	reverse       = test{"diffusion", "TestReverseWithPerfectRestoration"}
	samplePath    = test{"diffusion", "TestSamplePath"}
	stage1        = test{"diffusion", "TestModelAgainstPyTorch"}
	lossByHand    = test{"diffusion", "TestLossIsWeightedByHand"}
	stage2        = test{"clip", "TestModelAgainstPyTorch"}
	probabilities = test{"clip", "TestProbabilitiesSumToOne"}
)

// equations are those of the paper, Eq. (n) at n-1.
var equations = []equation{
	{`\mathcal{Q}(x_t^v | x_{t-1}^v) = \mathcal{N}(x_t^v; \sqrt{1 - \beta_t} x_{t-1}^v, \beta_t I)`,
		"One forward step: the visible patches shrink a little and take up Gaussian noise of variance β_t.",
		[]test{markovChain, corruptPixels}},
	{`\mathcal{Q}(x_1^v, \dots, x_T^v | x_0^v) = \prod_{t=1}^T \mathcal{Q}(x_t^v | x_{t-1}^v)`,
		"All forward steps. Their product is normal itself, so that the code goes from x_0 to any x_t in one draw.",
		[]test{markovChain, corruptPixels}},
	{`\mathcal{Q}(x_{t-1} | x_t, x_0) = \mathcal{N}(x_{t-1}; \tilde{\mu}_t(x_t, x_0), \tilde{\beta}_t I)`,
		"One step back, if the clean values were known: Bayes' rule gives its mean and its variance.",
		[]test{posterior, reverse}},
	{`\mathcal{P}_\theta(x_{t-1}^v | x_t^v) = \mathcal{N}(x_{t-1}^v; \mu_\theta(x_t^v, t), \Sigma_\theta(x_t^v, t))`,
		"One learned step back. The network predicts the clean values; the mean is that of Eq. (3) at the prediction, the variance is fixed to β̃_t.",
		[]test{reverse, samplePath}},
	{`\mathcal{P}_\theta(x_{0:T}^v) = \mathcal{P}(x_T^v) \prod_{t=1}^T \mathcal{P}_\theta(x_{t-1}^v | x_t^v)`,
		"All learned steps back, from pure noise to a clean window.",
		[]test{samplePath, {"diffusion", "TestSampleEndsInTheRestoration"}}},
	{`\mathbb{E}_{x_0 \sim \mathcal{Q}(x_0)} \mathbb{E}_{x_T \sim \mathcal{N}(0, I)} \|x_0 - f(x_T, t)\|^2`,
		"The network is trained to restore the clean values at once, at a timestep drawn at random.",
		[]test{stage1, lossByHand}},
	{`\hat{x}^v = \mathcal{E}_\theta(\{p_{ct} + p_p + p_{dt}; x^v\}_1)`,
		"The encoder reads the visible patches behind a class token that carries the timestep. All modalities share its blocks.",
		[]test{stage1, {"vit", "TestVisibleOfEverythingIsAll"}, {"vit", "TestClassAndMeanArePartsOfForward"}}},
	{`\hat{x} = \mathcal{D}_\theta(\{p_p^v + \hat{x}^v; p_p^m + \hat{x}^m\}_1)`,
		"One decoder per modality fills the masked places with a learned vector and restores the whole window.",
		[]test{stage1}},
	{`\mathcal{L}_{\text{UMD}} = \mathbb{E}_{x_0} \|x_0 - \hat{x}\|^2`,
		"The loss of stage 1: the squared error over visible and masked patches.",
		[]test{stage1, lossByHand}},
	{`v_{\text{text}} = \mathcal{T}_\theta(y), z_{\text{text}} = v_{\text{text}} / \|v_{\text{text}}\|`,
		"The text encoder turns a prompt into a vector of length 1.",
		[]test{stage2, {"clip", "TestTextDoesNotSeeItsPadding"}}},
	{`v_{\text{image}} = \mathcal{E}_\theta(x), z_{\text{image}} = v_{\text{image}} / \|v_{\text{image}}\|`,
		"The image encoder, with a linear head, turns a window into a vector of length 1 in the same space.",
		[]test{stage2, {"clip", "TestImageFeaturesOfManyModalities"}}},
	{`p(x | y) = \sigma_\tau \left( z_{\text{text}}, \{z_{\text{image}}^i\}_{i=1}^N \right) \in \mathbb{R}^N`,
		"Which of the batch's images belongs to a text.",
		[]test{stage2}},
	{`p(y | x) = \sigma_\tau \left( z_{\text{image}}, \{z_{\text{text}}^i\}_{i=1}^N \right) \in \mathbb{R}^N`,
		"Which of the batch's texts belongs to an image.",
		[]test{stage2}},
	{`p(x = x_i | y) = \frac{\exp(z_{\text{text}} \cdot z_{\text{image}}^i / \tau)}{\sum_{j=1}^N \exp(z_{\text{text}} \cdot z_{\text{image}}^j / \tau)}`,
		"Eq. (12) written out: a softmax of cosines over the images. The temperature τ is learned.",
		[]test{stage2}},
	{`p(y = y_i | x) = \frac{\exp(z_{\text{image}} \cdot z_{\text{text}}^i / \tau)}{\sum_{j=1}^N \exp(z_{\text{image}} \cdot z_{\text{text}}^j / \tau)}`,
		"Eq. (13) written out: a softmax of cosines over the texts. Over the classes' texts it is also how a window is classified.",
		[]test{stage2, probabilities}},
	{`\mathcal{L}_{\text{FLC}} = \frac{1}{2N} \sum_{i=1}^N (H(p(y | x_i), \mathbf{e}_i) + H(p(x | y_i), \mathbf{e}_i))`,
		"The loss of stage 2: the cross-entropy both ways, each sample matched with its own text.",
		[]test{stage2, {"clip", "TestTrainingSeparatesClasses"}}},
}
