"""Pairs and an encoder -> trained heads, or a tuned encoder with its heads, in the layout of `weights/`.

`recipe` reads what is to be done (`plan`), `examples` reads and checks the pairs; `joint` is a step (of `batches`, by
`losses`), `fit` the loop and what survives a kill; `run` leads through both, `output` finishes the folder, with its
model `card`. Only here, and in the encoder and heads, is Keras used to train.
"""
