import type { Classifier } from '../contract/classifiers.ts';
import type { TurningResult } from '../contract/advice.ts';
import type { Evaluation } from '../contract/evaluation.ts';
import type { JobContext } from './context.ts';
import { assemble, type AssembleParams } from './jobs/assemble.ts';
import { calibrate, type CalibrateParams, type Calibration } from './jobs/calibrate.ts';
import { computeCodes, type CodesParams, type CodesResult } from './jobs/codes.ts';
import { explain, type ExplainParams, type ExplainResult } from './jobs/explain.ts';
import { fineTune, type FineTuneOutput, type FineTuneParams, type FineTuneResult } from './jobs/fine-tune.ts';
import { importNetwork, type ImportNetworkParams, type ImportNetworkResult } from './jobs/import-network.ts';
import {
  crossValidate,
  type CrossValidateParams,
  type CrossValidateResult,
  trainLinear,
  type TrainLinearParams,
  type TrainLinearResult,
} from './jobs/linear.ts';
import { describeClassifier, type DescribeClassifierParams } from './jobs/describe-classifier.ts';
import { itemActivations, type ItemActivationsParams, type PointActivations } from './jobs/item-activations.ts';
import { inspectNetwork, type InspectNetworkParams, type InspectNetworkResult } from './jobs/inspect-network.ts';
import { measureAnswers, type MeasureParams } from './jobs/measure.ts';
import { type LikenessParams, measureLikeness } from './jobs/likeness.ts';
import { findNeighbours, type NeighboursParams, type NeighboursResult } from './jobs/neighbours.ts';
import { predict, type PredictParams, type PredictResult } from './jobs/predict.ts';
import { probe, type ProbeOutput, type ProbeParams } from './jobs/probe.ts';
import { measureShift, type ShiftParams, type ShiftResult } from './jobs/shift.ts';
import { measureTurning, type TurningParams } from './jobs/turning.ts';
import type { ViewOutput } from './run-views.ts';

/** What the trainer can be asked for: what each job is given, what it hands on meanwhile, what it ends with. */
export interface Jobs {
  'import-network': { params: ImportNetworkParams; output: never; result: ImportNetworkResult };
  'inspect-network': { params: InspectNetworkParams; output: never; result: InspectNetworkResult };
  codes: { params: CodesParams; output: ViewOutput; result: CodesResult };
  likeness: { params: LikenessParams; output: never; result: Float64Array };
  neighbours: { params: NeighboursParams; output: never; result: NeighboursResult };
  'train-linear': { params: TrainLinearParams; output: never; result: TrainLinearResult };
  'cross-validate': { params: CrossValidateParams; output: never; result: CrossValidateResult };
  'fine-tune': { params: FineTuneParams; output: FineTuneOutput; result: FineTuneResult };
  'item-activations': { params: ItemActivationsParams; output: never; result: PointActivations[] };
  probe: { params: ProbeParams; output: ProbeOutput; result: null };
  shift: { params: ShiftParams; output: never; result: ShiftResult };
  turning: { params: TurningParams; output: never; result: TurningResult };
  calibrate: { params: CalibrateParams; output: never; result: Calibration };
  measure: { params: MeasureParams; output: never; result: Evaluation };
  assemble: { params: AssembleParams; output: never; result: null };
  'describe-classifier': { params: DescribeClassifierParams; output: never; result: Classifier };
  explain: { params: ExplainParams; output: never; result: ExplainResult };
  predict: { params: PredictParams; output: ViewOutput; result: PredictResult };
}

export type JobName = keyof Jobs;
export type AnyJob = (params: unknown, context: JobContext<unknown>) => Promise<unknown>;

export const jobs: {
  readonly [Name in JobName]: (
    params: Jobs[Name]['params'],
    context: JobContext<Jobs[Name]['output']>,
  ) => Promise<Jobs[Name]['result']>;
} = {
  'import-network': importNetwork,
  'inspect-network': inspectNetwork,
  codes: computeCodes,
  likeness: measureLikeness,
  neighbours: findNeighbours,
  'train-linear': trainLinear,
  'cross-validate': crossValidate,
  'fine-tune': fineTune,
  'item-activations': itemActivations,
  probe,
  shift: measureShift,
  turning: measureTurning,
  calibrate,
  measure: measureAnswers,
  assemble,
  'describe-classifier': describeClassifier,
  explain,
  predict,
};
