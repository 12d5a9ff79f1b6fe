// Package bench measures the engine against what the machine can do.
//
// Workloads are the jobs the engine exists for, at their published sizes: a
// step of pre-training, a step of few-shot training, classification of
// windows, and a whole map. Ceilings are the rates of multiplication, cache
// and memory that bound them, measured in the same process; Profile says where
// a workload's time goes.
//
//	go test -run '^$' -bench . ./bench      kernels and workloads
//	go test -run '^$' -bench . ./bench/ladder   a matrix product, step by step
//	go run ./bench/gate                      fails if a share of the ceiling fell
//	python3 bench/peers/run.py               beside PyTorch
package bench
