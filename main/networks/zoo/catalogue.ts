import type { Scaling } from '../../contract/networks.ts';
import type { ZooEntry } from '../../contract/zoo.ts';
import { scalings } from '../../engine/networks/preprocessing.ts';

/** Networks that share their documentation, and with it their preprocessing and licence. */
interface Family {
  readonly year: number;
  readonly licence: string;
  readonly citation: string;
  /** Of its documentation and its files, below the zoo's own. */
  readonly folder: string;
  readonly scaling: Scaling;
  /** What of the documentation says so. */
  readonly scalingSource: string;
}

interface Member {
  readonly id: string;
  readonly name: string;
  readonly goodAt: string;
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
  /** In millions. */
  readonly parameters: number;
  /** In billions. */
  readonly multiplyAdds: number;
  readonly accuracy: number;
}

const zooFolder = 'validated/vision/classification';
const documentationRoot = `https://github.com/onnx/models/blob/main/${zooFolder}`;
const filesRoot = 'https://huggingface.co/onnxmodelzoo';
const size = 224;

/** Every file lies in a repository of its own, and in one with all of them. */
function entriesOf(family: Family, members: readonly Member[]): ZooEntry[] {
  const { folder, year, licence, citation, scaling, scalingSource } = family;
  const documentation = `${documentationRoot}/${folder}/README.md`;
  return members.map(({ parameters, multiplyAdds, ...member }) => ({
    ...member,
    addresses: [
      `${filesRoot}/${member.file.replace(/\.onnx$/, '')}/resolve/main/${member.file}`,
      `${filesRoot}/legacy_models/resolve/main/${zooFolder}/${folder}/model/${member.file}`,
    ],
    parameters: parameters * 1e6,
    multiplyAdds: multiplyAdds * 1e9,
    ...{ year, licence, citation, documentation, size, scaling, scalingSource },
  }));
}

const resNet = {
  licence: 'Apache-2.0',
  folder: 'resnet',
  scaling: scalings.torch,
  scalingSource:
    'the ONNX Model Zoo’s page of ResNet, "Preprocessing": RGB, mean 255 · [0.485, 0.456, 0.406], deviation 255 · [0.229, 0.224, 0.225]',
};

/**
 * Published ImageNet classifiers: what each wants as its input is written in its own documentation, and where that is not so
 * the network is not here. Files, sizes and SHA-256: the ONNX Model Zoo's manifest (ONNX_HUB_MANIFEST.json). Accuracy: the
 * pages that say the scaling. Parameters and multiply-adds: the articles; what the studio counts itself is shown once a network is here.
 */
export const zoo: readonly ZooEntry[] = [
  ...entriesOf(
    {
      year: 2016,
      licence: 'Apache-2.0',
      citation:
        'Iandola et al.: SqueezeNet: AlexNet-level accuracy with 50x fewer parameters and <0.5MB model size. arXiv:1602.07360 (2016)',
      folder: 'squeezenet',
      scaling: scalings.torch,
      scalingSource:
        'the ONNX Model Zoo’s page of SqueezeNet, "Preprocessing": RGB, 0 to 1, mean [0.485, 0.456, 0.406], deviation [0.229, 0.224, 0.225]',
    },
    [
      {
        id: 'squeezenet-1.1',
        name: 'SqueezeNet 1.1',
        goodAt: 'The smallest download; a first try on a slow computer.',
        file: 'squeezenet1.1-7.onnx',
        bytes: 4956208,
        sha256: '1eeff551a67ae8d565ca33b572fc4b66e3ef357b0eb2863bb9ff47a918cc4088',
        parameters: 1.24,
        multiplyAdds: 0.35,
        accuracy: 56.34,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2018,
      licence: 'BSD-3-Clause',
      citation:
        'Ma et al.: ShuffleNet V2: practical guidelines for efficient CNN architecture design. ECCV (2018), arXiv:1807.11164',
      folder: 'shufflenet',
      scaling: scalings.torch,
      scalingSource:
        'the ONNX Model Zoo’s page of ShuffleNet, "Preprocessing steps": RGB, 0 to 1, mean [0.485, 0.456, 0.406], deviation [0.229, 0.224, 0.225]',
    },
    [
      {
        id: 'shufflenet-v2',
        name: 'ShuffleNet v2',
        goodAt: 'The least work for an image: large collections on a laptop.',
        file: 'shufflenet-v2-10.onnx',
        bytes: 9218554,
        sha256: '8b85e969a0a5518b554c99548379d1ba54d973733a6a12012138d91852308584',
        parameters: 2.28,
        multiplyAdds: 0.15,
        accuracy: 69.36,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2018,
      licence: 'Apache-2.0',
      citation: 'Sandler et al.: MobileNetV2: inverted residuals and linear bottlenecks. CVPR (2018), arXiv:1801.04381',
      folder: 'mobilenet',
      scaling: scalings.torch,
      scalingSource:
        'the ONNX Model Zoo’s page of MobileNet, "Preprocessing": RGB, 0 to 1, mean [0.485, 0.456, 0.406], deviation [0.229, 0.224, 0.225]',
    },
    [
      {
        id: 'mobilenet-v2',
        name: 'MobileNet v2',
        goodAt: 'Little work for an image: a usual choice without a graphics card.',
        file: 'mobilenetv2-7.onnx',
        bytes: 14246826,
        sha256: 'c1c513582d56afceff8516c73804e484c81c6a830712ab6d682253f4a3cd042f',
        parameters: 3.5,
        multiplyAdds: 0.3,
        accuracy: 70.94,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2020,
      licence: 'MIT',
      citation:
        'Tan, Le: EfficientNet: rethinking model scaling for convolutional neural networks. ICML (2019), arXiv:1905.11946',
      folder: 'efficientnet-lite4',
      scaling: { range: [0, 255], mean: [127, 127, 127], deviation: [128, 128, 128], channels: 'rgb' },
      scalingSource: 'the ONNX Model Zoo’s page of EfficientNet-Lite4, "Preprocessing steps": RGB, (pixel - 127) / 128',
    },
    [
      {
        id: 'efficientnet-lite4',
        name: 'EfficientNet-Lite4',
        goodAt: 'The most accurate here of those that are small and fast.',
        file: 'efficientnet-lite4-11.onnx',
        bytes: 51946641,
        sha256: 'd111689907c06eea7c82e4833ddef758da6453b9d4cf60b7e99ca05c7cbd9c12',
        parameters: 13,
        multiplyAdds: 1.5,
        accuracy: 77.7,
      },
    ],
  ),
  ...entriesOf(
    {
      ...resNet,
      year: 2015,
      citation: 'He et al.: Deep residual learning for image recognition. CVPR (2016), arXiv:1512.03385',
    },
    [
      {
        id: 'resnet-18',
        name: 'ResNet-18 v1',
        goodAt: 'Plain and not large: a usual first choice for fine-tuning.',
        file: 'resnet18-v1-7.onnx',
        bytes: 46820737,
        sha256: '4e8f8653e7a2222b3904cc3fe8e304cd8b339ce1d05fd24688162f86fb6df52c',
        parameters: 11.7,
        multiplyAdds: 1.8,
        accuracy: 69.93,
      },
      {
        id: 'resnet-34',
        name: 'ResNet-34 v1',
        goodAt: 'As ResNet-18, with twice its depth.',
        file: 'resnet34-v1-7.onnx',
        bytes: 87302588,
        sha256: '883a41b2e30ddc2e422c108b091b5e70b92d37dc5c345a2c563dcae27971e2cc',
        parameters: 21.8,
        multiplyAdds: 3.6,
        accuracy: 73.73,
      },
      {
        id: 'resnet-50',
        name: 'ResNet-50 v1',
        goodAt: 'The field’s yardstick: results compare with much of the literature.',
        file: 'resnet50-v1-7.onnx',
        bytes: 102583340,
        sha256: 'af16a04a6ec48ac494065d4439fe9dea590d337b9ca6dc328160ccf04a217b9c',
        parameters: 25.6,
        multiplyAdds: 3.8,
        accuracy: 74.93,
      },
      {
        id: 'resnet-101',
        name: 'ResNet-101 v1',
        goodAt: 'Deeper than ResNet-50; worth it with a graphics card and many labels.',
        file: 'resnet101-v1-7.onnx',
        bytes: 178914043,
        sha256: '760702f6ec0138f71ebac66f4e95d1c72dc9267a8544f4d4667a53075fd0497c',
        parameters: 44.6,
        multiplyAdds: 7.6,
        accuracy: 76.48,
      },
      {
        id: 'resnet-152',
        name: 'ResNet-152 v1',
        goodAt: 'The deepest of its kind; for a graphics card.',
        file: 'resnet152-v1-7.onnx',
        bytes: 241816206,
        sha256: 'b0ec92437bf8c9d0739bf9bafdea9638e13f9e3c1e2fb766ad546cc182fd3f6d',
        parameters: 60.2,
        multiplyAdds: 11.3,
        accuracy: 77.11,
      },
    ],
  ),
  ...entriesOf(
    {
      ...resNet,
      year: 2016,
      citation: 'He et al.: Identity mappings in deep residual networks. ECCV (2016), arXiv:1603.05027',
    },
    [
      {
        id: 'resnet-18-v2',
        name: 'ResNet-18 v2',
        goodAt: 'As ResNet-18, normalised before each step.',
        file: 'resnet18-v2-7.onnx',
        bytes: 46806737,
        sha256: '3b4d048057854022232aa20bf68262e31718ab7119a17f920b8a2dc1433f824b',
        parameters: 11.7,
        multiplyAdds: 1.8,
        accuracy: 69.7,
      },
      {
        id: 'resnet-34-v2',
        name: 'ResNet-34 v2',
        goodAt: 'As ResNet-34, normalised before each step.',
        file: 'resnet34-v2-7.onnx',
        bytes: 87288587,
        sha256: '3d3815e25f4b1ea967e2a526a3b27ef2a03af1725bdc199a63a271c26862d914',
        parameters: 21.8,
        multiplyAdds: 3.6,
        accuracy: 73.36,
      },
      {
        id: 'resnet-50-v2',
        name: 'ResNet-50 v2',
        goodAt: 'More accurate than ResNet-50 v1 for the same work.',
        file: 'resnet50-v2-7.onnx',
        bytes: 102442452,
        sha256: '79102261eb6e5fd7af5d27f41316293e388c5cb691e5d25bfb035c4f64fefe31',
        parameters: 25.6,
        multiplyAdds: 4.1,
        accuracy: 75.81,
      },
      {
        id: 'resnet-101-v2',
        name: 'ResNet-101 v2',
        goodAt: 'Deep, and among the most accurate on ImageNet here; for a graphics card.',
        file: 'resnet101-v2-7.onnx',
        bytes: 178682301,
        sha256: '3a0a819ea0953fb4700b0d98e43540aeee253e5b4c503c552b0c7979fc67767d',
        parameters: 44.6,
        multiplyAdds: 7.8,
        accuracy: 77.42,
      },
      {
        id: 'resnet-152-v2',
        name: 'ResNet-152 v2',
        goodAt: 'The most accurate on ImageNet of all here; for a graphics card.',
        file: 'resnet152-v2-7.onnx',
        bytes: 241503848,
        sha256: '40fb3f6dd313ba786a2c8077a0ef7d7b4afeda5d037365400d3a7fbc2b1bee64',
        parameters: 60.2,
        multiplyAdds: 11.6,
        accuracy: 78.2,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2016,
      licence: 'MIT',
      citation: 'Huang et al.: Densely connected convolutional networks. CVPR (2017), arXiv:1608.06993',
      folder: 'densenet-121',
      scaling: {
        range: [0, 255],
        mean: [103.94, 116.78, 123.68],
        deviation: [1 / 0.017, 1 / 0.017, 1 / 0.017],
        channels: 'bgr',
      },
      // The ONNX Model Zoo's page says no scaling, and an accuracy of 60.96% that was measured with torchvision's, in RGB
      // (intel/neural-compressor, examples/onnxrt/image_recognition/onnx_model_zoo/densenet). It does name the source,
      // "Caffe2 DenseNet-121": pytorch/pytorch, scripts/model_zoo/update-models-from-caffe2.py, made the file from the
      // same download whose scaling and accuracy the page cited here gives.
      scalingSource:
        'the Open Model Zoo’s page of the Caffe2 network that the file was made from (openvinotoolkit/open_model_zoo, models/public/densenet-121-caffe2), and the "Notes" of its original, shicai/DenseNet-Caffe: BGR, mean [103.94, 116.78, 123.68] taken off, times 0.017',
    },
    [
      {
        id: 'densenet-121',
        name: 'DenseNet-121',
        goodAt: 'Each layer sees all before it: accurate for its few weights, but it takes much memory.',
        file: 'densenet-12.onnx',
        bytes: 32726877,
        sha256: '0294e7e88e5b3360de9b0fdc321baf9e6ef18b7f058c4536caae3b9f18ed9ed5',
        parameters: 8,
        multiplyAdds: 2.9,
        accuracy: 74.9,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2014,
      licence: 'BSD-3-Clause',
      citation: 'Szegedy et al.: Going deeper with convolutions. CVPR (2015), arXiv:1409.4842',
      folder: 'inception_and_googlenet/googlenet',
      scaling: scalings.caffe,
      scalingSource:
        'the ONNX Model Zoo’s page of GoogLeNet, "Obtain and pre-process image": BGR, mean [103.939, 116.779, 123.68] taken off',
    },
    [
      {
        id: 'googlenet',
        name: 'GoogLeNet',
        goodAt: 'Several scales at once; small for its accuracy.',
        file: 'googlenet-12.onnx',
        bytes: 28021836,
        sha256: 'c99c507058eaf41de8723408fdda7db8325cb57f0a89f2ee07a716d6e963e14e',
        parameters: 7,
        multiplyAdds: 1.6,
        accuracy: 67.78,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2012,
      licence: 'BSD-3-Clause',
      citation:
        'Krizhevsky, Sutskever, Hinton: ImageNet classification with deep convolutional neural networks. NIPS (2012)',
      folder: 'alexnet',
      scaling: scalings.caffe,
      scalingSource:
        'the "preprocess method" that the ONNX Model Zoo’s page of AlexNet gives its accuracy for: BGR, mean [103.939, 116.779, 123.68] taken off',
    },
    [
      {
        id: 'alexnet',
        name: 'AlexNet',
        goodAt: 'The classic, as replicated for the Caffe Model Zoo; for comparing with early work.',
        file: 'bvlcalexnet-12.onnx',
        bytes: 243863787,
        sha256: '6b0da9510f27f234ee96a85dc3809dd210150fdefad87f6850f9788513216945',
        parameters: 61,
        multiplyAdds: 0.7,
        accuracy: 54.8,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2014,
      licence: 'BSD-3-Clause',
      citation:
        'Jia et al.: Caffe: convolutional architecture for fast feature embedding. ACM MM (2014), arXiv:1408.5093',
      folder: 'caffenet',
      scaling: scalings.caffe,
      scalingSource:
        'the "preprocess method" that the ONNX Model Zoo’s page of CaffeNet gives its accuracy for: BGR, mean [103.939, 116.779, 123.68] taken off',
    },
    [
      {
        id: 'caffenet',
        name: 'CaffeNet',
        goodAt: 'AlexNet with pooling before normalisation: the features of many papers of 2014.',
        file: 'caffenet-12.onnx',
        bytes: 243863798,
        sha256: 'ea563e5c47d1f58e1717cf1a2d8bf288b8adc07af0ad228b622096cd243aeecb',
        parameters: 61,
        multiplyAdds: 0.7,
        accuracy: 56.27,
      },
    ],
  ),
  ...entriesOf(
    {
      year: 2014,
      licence: 'Apache-2.0',
      citation:
        'Simonyan, Zisserman: Very deep convolutional networks for large-scale image recognition. ICLR (2015), arXiv:1409.1556',
      folder: 'vgg',
      scaling: scalings.torch,
      scalingSource:
        'the ONNX Model Zoo’s page of VGG, "Preprocessing": RGB, 0 to 1, mean [0.485, 0.456, 0.406], deviation [0.229, 0.224, 0.225]',
    },
    [
      {
        id: 'vgg-16',
        name: 'VGG-16',
        goodAt: 'Plain, wide layers, used in much work on texture; large and slow.',
        file: 'vgg16-7.onnx',
        bytes: 553437328,
        sha256: 'f20805a3ecccaa88647bbab4ad011ff2412a9838485ea844de0fcbce349820b9',
        parameters: 138.4,
        multiplyAdds: 15.5,
        accuracy: 72.62,
      },
      {
        id: 'vgg-16-bn',
        name: 'VGG-16 with BatchNorm',
        goodAt: 'As VGG-16, normalised after each convolution.',
        file: 'vgg16-bn-7.onnx',
        bytes: 553512191,
        sha256: '4fdceabf1ef715c9ed3020fa2eac1cb2a448296c086b03633c80cf47e1c5afce',
        parameters: 138.4,
        multiplyAdds: 15.5,
        accuracy: 72.71,
      },
      {
        id: 'vgg-19',
        name: 'VGG-19',
        goodAt: 'As VGG-16, three layers deeper.',
        file: 'vgg19-7.onnx',
        bytes: 574677321,
        sha256: '692f9f927f1df1b89033787a77a73eac59fd9b3344f9ecdf0b13221e41c2046f',
        parameters: 143.7,
        multiplyAdds: 19.6,
        accuracy: 73.72,
      },
      {
        id: 'vgg-19-bn',
        name: 'VGG-19 with BatchNorm',
        goodAt: 'As VGG-19, normalised after each convolution.',
        file: 'vgg19-bn-7.onnx',
        bytes: 574774380,
        sha256: 'ce0987dfa6228ad29708013f38b7f73cbc14ca6066a05fc22ee49b35871c63ed',
        parameters: 143.7,
        multiplyAdds: 19.6,
        accuracy: 73.83,
      },
    ],
  ),
];
