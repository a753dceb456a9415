"""Pairs and an encoder -> trained heads, or a tuned encoder with its heads, in the layout of `weights/`.

`plan` says what is to be done, `examples` reads and checks the pairs, `features` runs the frozen encoder once,
`frozen` and `joint` are the two ways to train, `fit` is the loop that both share, `state` what survives a kill, and
`output` writes the folder with figures and model card. Only here, and in the encoder and heads, is Keras used to train.
"""
