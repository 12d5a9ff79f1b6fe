#!/usr/bin/env bash
# Everything that only a machine with an NVIDIA GPU can tell, in one call:
#
#   scripts/gpu-check.sh [FOLDER]
#
# Run it in the repository, with Go installed; what else is there (CUDA's headers,
# ptxas, compute-sanitizer, PyTorch) is used, and what is not is named. The output
# also goes to FOLDER (gpu-check). It ends with the checks that failed, if any.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-gpu-check}
mkdir -p "$out"
exec > >(tee "$out/log.txt") 2>&1
failed=()

section() { printf '\n== %s\n' "$*"; }
check() { # check NAME COMMAND...
	local name=$1
	shift
	if "$@"; then echo "-- $name: passed"; else echo "-- $name: FAILED" && failed+=("$name"); fi
}
first() { for f in "$@"; do [[ -e $f ]] && echo "$f" && return; done; }
tool() { command -v "$1" || first /usr/local/cuda/bin/"$1" /usr/local/cuda-*/bin/"$1"; }

section "machine"
nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.max.sm --format=csv || { echo "nvidia-smi does not answer: is there a driver?"; exit 1; }
go build -o "$out/diffclip" ./cmd/diffclip || exit 1
"$out/diffclip" info
"$out/diffclip" info | grep -q '^gpu .*compute capability' || { echo "diffclip uses no GPU; the line above says why"; exit 1; }

section "declarations against the headers"
headers=$(first /usr/local/cuda/include /usr/local/cuda-*/include /usr/include/cuda.h)
headers=${headers%/cuda.h}
if [[ -n $headers && -e $headers/cublas_v2.h ]]; then
	check headers g++ -std=c++17 -fsyntax-only -I"$headers" cuda/internal/driver/abi/abi.cc
else
	echo "no CUDA headers here"
fi

section "the PTX by NVIDIA's assembler: registers and spills"
if ptxas=$(tool ptxas) && [[ -n $ptxas ]]; then
	arch=sm_$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader -i 0 | tr -d .)
	check ptxas "$ptxas" -arch="$arch" -v cuda/kernels/kernels.ptx -o "$out/kernels.cubin" 2>"$out/ptxas.txt"
	grep -B1 'spill stores' "$out/ptxas.txt" | grep -v ' 0 bytes spill' | head -40
else
	echo "no ptxas here"
fi

section "tests on the device"
export DIFFCLIP_TEST_GPU=1
go test -c -o "$out/cuda.test" ./cuda || exit 1
in_cuda() { (cd cuda && "$@"); }
binary=$(cd "$out" && pwd)/cuda.test
for name in Conformance Strict Training Workloads Replays; do
	check "$name" in_cuda "$binary" -test.v -test.run "^TestDevice$name\$" >"$out/$name.txt" 2>&1
	tail -n 2 "$out/$name.txt"
done

section "compute-sanitizer"
if sanitizer=$(tool compute-sanitizer) && [[ -n $sanitizer ]]; then
	for t in memcheck racecheck initcheck synccheck; do
		check "$t" in_cuda timeout 900 "$sanitizer" --tool "$t" --error-exitcode 9 "$binary" -test.run '^TestDeviceStrict$' >"$out/$t.txt" 2>&1
		tail -n 1 "$out/$t.txt"
	done
else
	echo "no compute-sanitizer here"
fi

section "bits of two runs"
for run in a b; do
	"$out/diffclip" demo -device cuda -out "$out/demo-$run" -force >"$out/demo-$run.txt" 2>&1 || failed+=("demo $run")
done
check "same weights" cmp "$out/demo-a/stage2.safetensors" "$out/demo-b/stage2.safetensors"

section "times"
for precision in f32 tf32 bf16; do
	for workload in pretrain fewshot infer scene; do
		"$out/diffclip" bench -workload "$workload" -device cuda -precision "$precision" -steps 50 | sed "s/^/$precision: /"
	done
done
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
	section "PyTorch beside it, eager and compiled"
	for workload in pretrain fewshot infer; do
		for compile in "" --compile; do
			python3 bench/peers/torch_peer.py --workload "$workload" --device cuda --steps 50 --json $compile || failed+=("PyTorch $workload $compile")
		done
	done
else
	echo "no PyTorch with CUDA here"
fi

section "done"
if ((${#failed[@]})); then
	printf 'failed: %s\n' "${failed[*]}"
	exit 1
fi
echo "all checks passed; docs/gpu.md is the place for what was found"
