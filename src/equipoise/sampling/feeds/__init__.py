# SPDX-License-Identifier: Apache-2.0
"""A sampler's batches for a consumer: arrays, Keras, tf.data."""
