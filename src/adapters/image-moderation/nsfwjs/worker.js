import { parentPort } from 'node:worker_threads';
import * as tf from '@tensorflow/tfjs';
import '@tensorflow/tfjs-backend-wasm';
import { load } from 'nsfwjs/core';
import { MobileNetV2Model } from 'nsfwjs/models/mobilenet_v2';

// The model is part of the package nsfwjs, and WebAssembly computes: nothing is downloaded, nothing native is needed.
console.info = () => {}; // nsfwjs would name its model
if (!(await tf.setBackend('wasm'))) throw new Error('TensorFlow.js has no WebAssembly here.');
const model = await load('MobileNetV2', { modelDefinitions: [MobileNetV2Model] });

/** Answers 224 x 224 pixels (red, green, blue; a byte each) with how likely each kind of content is. */
parentPort.on('message', async (pixels) => {
  const image = tf.tensor3d(pixels, [224, 224, 3], 'int32');
  const classes = await model.classify(image, 5);
  image.dispose();
  parentPort.postMessage(Object.fromEntries(classes.map(({ className, probability }) => [className.toLowerCase(), probability])));
});
