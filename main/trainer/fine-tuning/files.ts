/** The file in a run's folder that holds the trained network: pixels as the pretrained one takes them, to probabilities. */
export const trainedNetworkFile = 'network.onnx';

/** The file in a run's folder that training goes on from. */
export const checkpointFile = 'checkpoint.bin';
