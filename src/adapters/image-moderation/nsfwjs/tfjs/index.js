import { cast, div, reshape, Tensor } from '@tensorflow/tfjs-core';

export * from '@tensorflow/tfjs-core';
export { loadLayersModel } from '@tensorflow/tfjs-layers';

// The methods of tensors that nsfwjs calls. The whole package adds those of all operations.
Tensor.prototype.toFloat = function () {
  return cast(this, 'float32');
};
Tensor.prototype.div = function (other) {
  return div(this, other);
};
Tensor.prototype.reshape = function (shape) {
  return reshape(this, shape);
};
