// Package run takes a configuration from files to results: it opens the data,
// trains both stages, evaluates, and keeps everything a run produced in one
// folder.
//
//	run.json                  configuration, data, split, versions, processor, timings
//	split.json                every sample of the split, by scene, row and column
//	stage1.safetensors        weights of the mask-diffusion model
//	stage2.safetensors        weights of the classifier, with all it takes to classify
//	checkpoint-*.safetensors  of a stage that is not finished
//	history.csv               loss and learning rate of each epoch
//	steps.csv                 the same of steps, written as they are made
//	metrics.json              OA, AA, kappa and every class
//	seeds.json splits/        the same of several draws of the samples, and their splits
//	cells/                    what commands that try several draws have finished
//	confusion.csv classes.csv row.tex
//	confusion.png losses.png reconstruction-*.png
//	report.html               all of it on one page
//
// Start with Config; Experiment does the work and Folder keeps the files.
package run
