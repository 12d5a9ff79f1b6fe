package kern

import "math"

// AdamStep holds what one step of Adam (Kingma and Ba, 2015) or AdamW
// (Loshchilov and Hutter, 2019) has in common for every parameter.
type AdamStep struct {
	LR, Beta1, Beta2, Eps float32

	// WeightDecay is added to the gradient as WeightDecay*p (Adam) or, if
	// Decoupled is set, shrinks the parameter itself by LR*WeightDecay (AdamW).
	WeightDecay float32
	Decoupled   bool

	Bias1, Bias2 float32 // 1-Beta1^t and 1-Beta2^t, t counting steps from 1
	GradScale    float32 // multiplies the gradient first: a clipping or loss scale, usually 1
}

// adamCoeffs are the factors of the inner loop.
type adamCoeffs struct {
	gradScale, l2, keep         float32
	beta1, rate1, beta2, rate2  float32
	step, invSqrtBias2, epsilon float32
}

func (s AdamStep) coeffs() adamCoeffs {
	c := adamCoeffs{
		gradScale: s.GradScale, keep: 1,
		beta1: s.Beta1, rate1: float32(1 - float64(s.Beta1)),
		beta2: s.Beta2, rate2: float32(1 - float64(s.Beta2)),
		step:         float32(float64(s.LR) / float64(s.Bias1)),
		invSqrtBias2: float32(1 / math.Sqrt(float64(s.Bias2))),
		epsilon:      s.Eps,
	}
	if s.Decoupled {
		c.keep = float32(1 - float64(s.LR)*float64(s.WeightDecay))
	} else {
		c.l2 = s.WeightDecay
	}
	return c
}

// Adam updates parameters p and moments m and v from gradients g, all of one
// length, with the arithmetic of torch.optim.Adam and AdamW:
//
//	g = GradScale*g[i] (+ WeightDecay*p[i] unless Decoupled)
//	p[i] *= 1 - LR*WeightDecay (if Decoupled)
//	m[i] = Beta1*m[i] + (1-Beta1)*g
//	v[i] = Beta2*v[i] + (1-Beta2)*g*g
//	p[i] -= LR/Bias1 * m[i] / (sqrt(v[i])/sqrt(Bias2) + Eps)
func Adam(p, g, m, v []float32, s AdamStep) {
	n := sameLen("Adam", p, g, m, v)
	k := s.coeffs()
	if n == 0 || asmAdam(&p[0], &g[0], &m[0], &v[0], n, k.gradScale, k.l2, k.keep,
		k.beta1, k.rate1, k.beta2, k.rate2, k.step, k.invSqrtBias2, k.epsilon) {
		return
	}
	for i, gi := range g {
		gi = float32(k.gradScale*gi) + float32(k.l2*p[i])
		m[i] = float32(k.beta1*m[i]) + float32(k.rate1*gi)
		v[i] = float32(k.beta2*v[i]) + float32(float32(k.rate2*gi)*gi)
		root := float32(math.Sqrt(float64(v[i])))
		p[i] = float32(k.keep*p[i]) - k.step*(m[i]/(float32(root*k.invSqrtBias2)+k.epsilon))
	}
}
